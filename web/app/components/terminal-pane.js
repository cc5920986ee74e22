// The terminal with what stands around it: what is missing, its size, and keys that a phone lacks.

import { h, onBeforeUnmount, onMounted, ref, shallowRef, watch } from '/vendor/vue.js';
import { arrow } from '../lib/keys.js';
import { targetOf } from '../lib/states.js';
import { bytes } from '../lib/time.js';
import { connection } from '../live.js';
import { prefs } from '../prefs.js';
import { SessionTerminal } from '../terminal.js';
import { icon } from './icons.js';

export const TerminalPane = {
  props: { session: Object },
  setup(props, { expose }) {
    const host = ref(null);
    const after = ref(null);
    const terminal = shallowRef(null);

    onMounted(() => {
      const t = new SessionTerminal({
        id: props.session.id,
        size: { cols: props.session.terminal?.cols || 80, rows: props.session.terminal?.rows || 24 },
        live: props.session.live,
        types: !targetOf(props.session)?.headless,
        resizes: !targetOf(props.session),
        fit: prefs.fit,
        screenReader: prefs.screenReader,
      });
      t.onLeave = () => after.value?.focus();
      t.mount(host.value);
      terminal.value = t;
      // With a real keyboard people come here to type. On a phone this would push up the keyboard and resize the program.
      if (props.session.live && !targetOf(props.session)?.headless && matchMedia('(pointer: fine)').matches) t.focus();
    });
    onBeforeUnmount(() => terminal.value?.dispose());
    watch(() => props.session.live, (live) => { if (!live) terminal.value?.ended(); });
    watch(() => prefs.fit, (fit) => terminal.value?.setFit(fit));
    watch(() => prefs.screenReader, (on) => terminal.value?.setScreenReader(on));

    expose({ focus: () => terminal.value?.focus() });

    // Pressing a key of the row must not take the focus, or the phone's keyboard would fold away.
    const keep = (event) => event.preventDefault();
    const key = (label, spoken, press, extra = {}) => h('button', { class: 'key', type: 'button', 'aria-label': spoken, onPointerdown: keep, onMousedown: keep, onClick: press, ...extra }, label);

    return () => {
      const t = terminal.value;
      const s = t?.state;
      const live = props.session.live;
      const target = targetOf(props.session);
      const types = live && !target?.headless;
      const typing = types && s?.focused;
      const stale = connection.phase !== 'live';
      const arrowKey = (label, direction) => key(label, `Arrow ${direction}`, () => t.press(arrow(direction, t.applicationCursor)));

      const notes = [];
      if (s?.refused) notes.push(h('span', { class: 'tone-warn' }, `No live output: ${s.refused}`));
      if (s?.mode === 'failed') notes.push(h('span', { class: 'tone-warn' }, 'The recording cannot be read.'));
      if (s?.progress) notes.push(h('span', `Loading ${bytes(s.progress.done)} of ${bytes(s.progress.total)}…`));
      else if (s?.mode === 'filling' && !stale) notes.push(h('span', { class: 'faint' }, s.next ? 'Catching up…' : 'Loading output…'));
      else if (s?.first > 0) {
        notes.push(h('span', `Earlier output left out: ${bytes(s.first)}.`));
        notes.push(h('button', { class: 'button small', onClick: () => t.loadAll() }, 'Load all'));
      }

      return h('section', { class: ['terminal-pane', { typing, ended: !live, stale: live && stale }], 'aria-label': 'Terminal' }, [
        h('div', { class: 'terminal-bar' }, [
          live
            ? h('span', { class: ['mode', typing ? 'tone-good' : 'faint'] }, stale ? 'Stale: waiting for the connection' : !types ? 'No terminal: output only' : typing ? 'Typing goes to the program' : [h('span', { class: 'wide' }, 'Click, or press t, to type'), h('span', { class: 'narrow' }, 'Tap to type')])
            : h('span', { class: 'mode ended-mark' }, [icon('stop'), 'Ended · read only']),
          h('span', { class: 'notes' }, notes),
          h('span', { class: 'grow' }),
          h('span', { class: 'faint size', title: "The program's size, columns by rows" }, s ? `${s.cols}×${s.rows}` : ''),
          live && !target ? h('div', { class: 'segments', role: 'group', 'aria-label': 'Terminal size' }, [
            h('button', { type: 'button', 'aria-pressed': prefs.fit, title: 'Resize the program to this window while typing', onClick: () => { prefs.fit = true; t?.focus(); } }, 'Fit'),
            h('button', { type: 'button', 'aria-pressed': !prefs.fit, title: "Keep the program's own size, for instance because somebody else is using it", onClick: () => { prefs.fit = false; } }, 'Own size'),
          ]) : null,
        ]),
        types ? h('div', { class: 'keys', role: 'group', 'aria-label': 'Terminal keys' }, [
          key('Esc', 'Escape', () => t.press('\x1b')),
          key('Tab', 'Tab', () => t.press('\t')),
          key('Ctrl', 'Control, for the next key', () => { s.ctrl = !s.ctrl; t.focus(); }, { 'aria-pressed': !!s?.ctrl }),
          key('^C', 'Control C', () => t.press('\x03')),
          arrowKey('←', 'left'), arrowKey('↑', 'up'), arrowKey('↓', 'down'), arrowKey('→', 'right'),
          key('⏎', 'Enter', () => t.press('\r')),
        ]) : null,
        h('div', { class: 'terminal-host' }, h('div', { ref: host, class: 'terminal-mount' })),
        // Where the focus goes when it leaves the terminal by keyboard; also a way out that can be seen.
        h('button', { ref: after, class: 'after-terminal', type: 'button', onClick: () => t?.focus() }, 'Back to the terminal'),
      ]);
    };
  },
};
