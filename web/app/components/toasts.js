// Passing messages in the corner.

import { h } from '/vendor/vue.js';
import { dismiss, spoken, toasts } from '../notices.js';
import { icon } from './icons.js';

const MARKS = { bad: 'cross', warn: 'diamond', info: 'info' };

export const Toasts = {
  setup: () => () => [
    h('div', { class: 'toasts' }, toasts.map((t) => h('div', { key: t.id, class: `toast tone-${t.tone}` }, [
      icon(MARKS[t.tone] ?? 'info'),
      h(t.href ? 'a' : 'div', { class: 'toast-body', href: t.href, onClick: () => { if (t.href) dismiss(t.id); } }, [h('strong', t.title), t.text ? h('span', t.text) : null]),
      h('button', { class: 'plain', 'aria-label': 'Dismiss', onClick: () => dismiss(t.id) }, icon('close')),
    ]))),
    h('p', { class: 'offscreen', 'aria-live': 'polite' }, spoken.text),
  ],
};
