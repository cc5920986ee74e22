// The overlay that `?` opens: keys, words for the command line, and a few choices.

import { h, onMounted, ref } from '/vendor/vue.js';
import { prefs } from '../prefs.js';
import { icon } from './icons.js';

const KEYS = [
  ['Fleet', [['j  k', 'next, previous session (also the arrow keys)'], ['Enter', 'open it'], ['/', 'filter'], ['Esc', 'clear the filter']]],
  ['Anywhere', [['n', 'new session'], ['g', 'back to the fleet'], ['a', 'alerts'], ['c', 'chat'], ['?', 'this help']]],
  ['Chat', [['t', 'write a message'], ['Enter', 'send it'], ['Shift Enter', 'begin a new line'], ['/', 'list the commands, at the beginning of a message'], ['↑  ↓', 'choose a command, or a session in the list']]],
  ['Terminal', [['t', 'type into the terminal'], ['Ctrl Shift Esc', 'leave the terminal (also Ctrl F6)'], ['Ctrl C', 'copies if something is selected, otherwise interrupts'], ['Ctrl Shift V', 'paste']]],
];

export const Help = {
  emits: ['close'],
  setup(props, { emit }) {
    const dialog = ref(null);
    onMounted(() => dialog.value.showModal());
    return () => h('dialog', {
      ref: dialog, class: 'help', 'aria-labelledby': 'help-title', onClose: () => emit('close'),
      onClick: (event) => { if (event.target === dialog.value) dialog.value.close(); },
    }, h('div', { class: 'help-body' }, [
      h('div', { class: 'help-head' }, [h('h2', { id: 'help-title' }, 'Keyboard'), h('button', { class: 'plain', 'aria-label': 'Close', onClick: () => dialog.value.close() }, icon('close'))]),
      h('div', { class: 'help-keys' }, KEYS.map(([title, keys]) => h('section', [
        h('h3', title),
        h('dl', keys.flatMap(([key, text]) => [h('dt', key.split(/ +/).map((k) => h('kbd', k))), h('dd', text)])),
      ]))),
      h('h3', 'Choices of this browser'),
      h('label', { class: 'check' }, [h('input', { type: 'checkbox', checked: prefs.fit, onChange: (event) => { prefs.fit = event.target.checked; } }), 'Resize a program to the window while I type into it']),
      h('label', { class: 'check' }, [h('input', { type: 'checkbox', checked: prefs.screenReader, onChange: (event) => { prefs.screenReader = event.target.checked; } }), 'Make the terminal readable for a screen reader']),
      h('p', { class: 'faint' }, ['The same from a terminal: ', h('code', 'drover ls'), ', ', h('code', 'drover attach NAME'), ', ', h('code', 'drover approvals'), '.']),
    ]));
  },
};
