// The last things that happened, newest first.

import { h } from '/vendor/vue.js';
import { events } from '../../chat/state.js';
import { clock } from '../../lib/time.js';

export const EventsPane = {
  setup: () => () => events.lines.length
    ? h('ol', { class: 'event-lines', reversed: true, 'aria-label': 'Events, newest first' }, events.lines.map(({ id, at, text }) => {
        const end = text.indexOf(']') + 1;
        return h('li', { key: id, class: { 'tone-bad': text.startsWith('[error]') } }, [h('time', { class: 'faint time' }, clock(at)), ' ', h('span', { class: 'event-name' }, text.slice(0, end)), h('span', { class: 'event-text' }, text.slice(end))]);
      }))
    : h('p', { class: 'none pane-none' }, 'Nothing has happened yet.'),
};
