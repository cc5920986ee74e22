// A titled part of the session's side.

import { h } from '/vendor/vue.js';

let last = 0;

export const Panel = {
  props: { title: String, aside: String, open: { type: Boolean, default: true } },
  setup(props, { slots }) {
    const id = `panel-${++last}`;
    return () => h('section', { class: 'panel', 'aria-labelledby': id }, [
      h('div', { class: 'panel-head' }, [h('h2', { id }, props.title), props.aside ? h('span', { class: 'faint' }, props.aside) : null, slots.aside?.()]),
      slots.default?.(),
    ]);
  },
};
