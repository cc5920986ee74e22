// The sessions of the chat, and how the daemon behind them is.

import { h, reactive } from '/vendor/vue.js';
import { chat, create, list, refresh, runsElsewhere, turns } from '../../chat/state.js';
import { now } from '../../now.js';
import { to } from '../../router.js';
import { Ago } from '../ago.js';
import { icon } from '../icons.js';

const SHOWN = 100;

export const SessionRail = {
  props: { id: String },
  emits: ['created', 'chosen'],
  setup(props, { emit }) {
    const view = reactive({ shown: SHOWN });

    const onKey = (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      const links = [...event.currentTarget.querySelectorAll('a')];
      const next = links[links.indexOf(document.activeElement) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    };

    const make = async () => { if (await create()) emit('created'); };

    return () => {
      const { health } = chat;
      void now.value;
      return [
        h('div', { class: 'rail-head' }, [
          h('h2', 'Sessions'),
          h('span', { class: 'grow' }),
          h('button', { class: 'plain', type: 'button', 'aria-label': 'Refresh', title: 'Ask for health and sessions again', disabled: chat.busy === 'refresh', onClick: refresh }, icon('reload')),
          h('button', { class: 'button small', type: 'button', disabled: chat.busy === 'create', onClick: make }, [icon('plus'), 'New']),
        ]),
        list.length ? h('ul', { class: 'rail-list', onKeydown: onKey }, [
          list.slice(0, view.shown).map((s) => h('li', { key: s.id }, h('a', { href: to.chat(s.id), class: 'rail-item', 'aria-current': s.id === props.id ? 'true' : undefined, onClick: () => emit('chosen') }, [
            h('span', { class: 'rail-line' }, [
              h('code', s.id.slice(0, 8)),
              turns.has(s.id) || runsElsewhere(s.id) ? h('span', { class: 'state tone-busy' }, [icon('half'), h('span', { class: 'word' }, 'answering')]) : null,
              h('span', { class: 'grow' }),
              h('span', { class: 'faint' }, h(Ago, { at: Date.parse(s.updated_at) || undefined })),
            ]),
            h('span', { class: ['rail-preview', { faint: s.preview === '(empty)' }] }, s.preview),
          ]))),
          list.length > view.shown ? h('li', h('button', { class: 'button small more', type: 'button', onClick: () => { view.shown += SHOWN; } }, `Show ${Math.min(SHOWN, list.length - view.shown)} more of ${list.length - view.shown}`)) : null,
        ]) : h('p', { class: 'none rail-none' }, chat.loaded ? 'No sessions yet.' : 'Loading…'),
        h('dl', { class: 'facts rail-foot' }, [
          h('dt', 'Health'),
          h('dd', [
            health ? h('span', { class: health.well ? 'tone-good' : 'tone-bad' }, health.text) : h('span', { class: 'faint' }, 'asking…'),
            health?.skew ? h('span', { class: 'tone-warn' }, ` · ${health.skew}`) : null,
            health?.agent === 'degraded' ? h('span', { class: 'tone-warn' }, ' · it cannot answer before its configuration is mended') : null,
          ]),
          h('dt', 'Backend'), h('dd', h('code', { class: 'wrap' }, location.origin)),
          h('dt', 'Transport'), h('dd', 'http'),
        ]),
      ];
    };
  },
};
