// A session's state: shape, word and colour.

import { h } from '/vendor/vue.js';
import { markOf, stateOf } from '../lib/states.js';
import { icon } from './icons.js';

const mark = (state, wordless) => h('span', { class: `state tone-${state.tone}` }, [icon(state.shape), h('span', { class: wordless ? 'offscreen' : 'word' }, state.word)]);

export const stateMark = (name, { wordless = false } = {}) => mark(stateOf(name), wordless);

// The state of this session now, which for somebody else's agent is what it is doing.
export const sessionMark = (session) => mark(markOf(session), false);
