// A moment told relatively, ticking. Its own component, so that a tick redraws these few letters and nothing else.

import { h } from '/vendor/vue.js';
import { ago, duration, full } from '../lib/time.js';
import { now } from '../now.js';

export const Ago = {
  props: { at: Number, suffix: { type: String, default: '' } },
  setup: (props) => () => {
    if (!props.at) return h('span', { class: 'time' }, '–');
    const text = ago(props.at, Math.max(now.value, props.at));
    return h('time', { class: 'time', datetime: new Date(props.at).toISOString(), title: full(props.at) }, text === 'now' ? text : text + props.suffix);
  },
};

// How long something has lasted; goes on ticking while there is no end.
export const Lasting = {
  props: { from: Number, until: Number },
  setup: (props) => () => h('span', { class: 'time' }, props.from ? duration((props.until ?? Math.max(now.value, props.from)) - props.from) : '–'),
};
