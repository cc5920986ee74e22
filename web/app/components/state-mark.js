// A session's state: shape, word and colour.

import { h } from '/vendor/vue.js';
import { stateOf } from '../lib/states.js';
import { icon } from './icons.js';

export function stateMark(name, { wordless = false } = {}) {
  const state = stateOf(name);
  return h('span', { class: `state tone-${state.tone}` }, [icon(state.shape), h('span', { class: wordless ? 'offscreen' : 'word' }, state.word)]);
}
