// One session's terminal: the emulator, the stream that feeds it, and what a person types into it.

import { FitAddon, Terminal, WebLinksAddon } from '/vendor/xterm.js';
import { shallowReactive } from '/vendor/vue.js';
import * as api from './api.js';
import { cspDocument, cspRows } from './csp-document.js';
import { connected, emit, join, on } from './live.js';
import { ctrl } from './lib/keys.js';
import { OutputStream } from './lib/output-stream.js';
import { Pacer, pieces } from './lib/pacer.js';
import { dark, themeFor } from './terminal-theme.js';
import { toast } from './notices.js';

const FONT = 'ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
const INPUT_PIECE = 16 * 1024;

export class SessionTerminal {
  // `state` is what the page draws around the terminal.
  // `types`: it has a terminal to type into. `resizes`: its size is ours to set.
  constructor({ id, size, live, types = true, resizes = true, fit, screenReader }) {
    this.id = id;
    this.size = size; // the program's own
    this.live = live;
    this.types = types;
    this.resizes = resizes;
    this.fitWanted = fit;
    this.state = shallowReactive({
      mode: 'idle', first: 0, next: 0, skipped: 0, progress: null, cols: size.cols, rows: size.rows,
      focused: false, ctrl: false, title: '', refused: null,
    });
    this.closers = [];
    this.abort = new AbortController();
    this.replaying = 0;
    this.yielded = false;
    this.asked = null; // the size last asked for by this viewer
    this.pacer = new Pacer();
    this.unsent = '';
    this.sendTimer = null;

    this.shim = cspDocument();
    this.term = new Terminal({
      documentOverride: this.shim.document,
      cols: size.cols,
      rows: size.rows,
      scrollback: 20_000,
      fontFamily: FONT,
      fontSize: 13,
      lineHeight: 1.15,
      cursorBlink: false,
      cursorInactiveStyle: live && types ? 'outline' : 'none',
      disableStdin: !live || !types,
      macOptionIsMeta: true,
      screenReaderMode: screenReader,
      linkHandler: { activate: (event, uri) => openLink(uri), allowNonHttpProtocols: false },
      ...themeFor(dark.matches),
    });
    this.fitAddon = new FitAddon();
    this.term.loadAddon(this.fitAddon);
    this.term.loadAddon(new WebLinksAddon((event, uri) => openLink(uri)));

    this.stream = new OutputStream({
      fetchRange: (from, limit) => api.output(id, from, limit, this.abort.signal),
      write: (data, { history }) => this.#write(data, history),
      reset: () => this.term.reset(),
      changed: () => this.#publish(),
      failed: (error) => error.name !== 'AbortError' && error.status !== 404 && error.status !== 403,
    });
  }

  mount(host) {
    this.host = host;
    this.term.open(host);
    cspRows(this.term);
    this.term.attachCustomKeyEventHandler((event) => this.#key(event));
    const textarea = this.term.textarea;
    textarea.setAttribute('aria-label', 'Terminal input. Control Shift Escape leaves the terminal.');
    // A phone's keyboard must not "correct" commands.
    textarea.setAttribute('autocapitalize', 'none');
    textarea.setAttribute('autocomplete', 'off');
    this.#listen(textarea, 'focus', () => this.#focusChanged(true));
    this.#listen(textarea, 'blur', () => this.#focusChanged(false));
    this.#listen(dark, 'change', () => Object.assign(this.term.options, themeFor(dark.matches)));
    this.term.onData((data) => this.#typed(data));
    this.term.onBinary((data) => this.#typed(data));
    this.term.onTitleChange((title) => { this.state.title = title; });

    // The outer size is compared, because a scroll bar that comes and goes changes the inner one.
    let outer = '';
    const resized = new ResizeObserver(() => {
      const size = `${host.offsetWidth}x${host.offsetHeight}`;
      if (size === outer) return;
      outer = size;
      this.yielded = false;
      this.#layout();
    });
    resized.observe(host);
    this.closers.push(() => resized.disconnect());

    this.closers.push(
      on('terminal_output', (event) => { if (event.sessionId === this.id) this.#output(event); }),
      on('terminal_resized', (event) => { if (event.sessionId === this.id) this.#programResized(event); }),
      join('join_session', { sessionId: this.id }, {
        joined: (answer) => {
          this.state.refused = null;
          if (answer.terminal) this.#programResized(answer.terminal, true);
          void this.stream.open();
        },
        refused: (error) => {
          this.state.refused = error.message;
          // Not allowed to listen, or the room is gone: the recording may still be readable.
          void this.stream.open();
        },
      }),
    );
    this.#layout();
  }

  dispose() {
    this.stream.close();
    this.abort.abort();
    clearTimeout(this.sendTimer);
    clearTimeout(this.layoutTimer);
    clearTimeout(this.sizeTimer);
    for (const close of this.closers.splice(0)) close();
    this.term.dispose();
    this.shim.dispose();
  }

  // --- what arrives

  #output(event) {
    this.stream.push(event);
    // Without this the "loaded so far" line would be redrawn for every chunk.
    this.publishTimer ??= setTimeout(() => { this.publishTimer = null; this.#publish(); }, 500);
  }

  #write(data, history) {
    if (data.length === 0) return Promise.resolve();
    // Programs ask the terminal questions. Questions out of the past have been answered long ago; answering again
    // would type the answers into whatever runs now.
    if (history) this.replaying += 1;
    return new Promise((done) => {
      this.term.write(data, () => {
        if (history) this.replaying -= 1;
        done();
      });
    });
  }

  #publish() {
    const { mode, first, next, skipped, progress } = this.stream;
    Object.assign(this.state, { mode, first, next: next ?? 0, skipped, progress });
  }

  async loadAll() {
    this.term.options.scrollback = 500_000;
    await this.stream.loadAll();
  }

  // The program ended: nothing can be typed any more, and the last bytes may still be on their way.
  ended() {
    if (!this.live) return;
    this.live = false;
    this.term.options.disableStdin = true;
    this.term.options.cursorInactiveStyle = 'none';
    this.term.blur();
    setTimeout(() => { void this.stream.catchUp(); }, 400);
  }

  // --- what leaves

  #typed(data) {
    // Answers of the emulator come this way too. Of several viewers only the one being used may answer.
    if (this.replaying > 0 || !this.state.focused) return;
    if (this.yielded) {
      this.yielded = false;
      this.#layout();
    }
    if (this.state.ctrl) {
      data = ctrl(data);
      this.state.ctrl = false;
    }
    this.send(data);
  }

  send(data) {
    if (!this.live || !this.types) return;
    if (!connected()) {
      toast({ tone: 'warn', title: 'Not connected', text: 'What you typed was not sent.' });
      return;
    }
    this.unsent += data;
    this.#flush();
  }

  #flush() {
    if (this.sendTimer !== null || this.unsent === '') return;
    const wait = this.pacer.delay(Date.now());
    if (wait > 0) {
      this.sendTimer = setTimeout(() => { this.sendTimer = null; this.#flush(); }, wait);
      return;
    }
    const [piece] = pieces(this.unsent, INPUT_PIECE);
    this.unsent = this.unsent.slice(piece.length);
    this.pacer.note(Date.now());
    emit('terminal_input', { sessionId: this.id, data: piece, mode: 'raw' }).catch((error) => {
      this.unsent = '';
      toast({ tone: 'warn', title: 'Input was not accepted', text: error.message });
    });
    this.#flush();
  }

  press(data) {
    this.send(data);
    this.term.scrollToBottom();
  }

  get applicationCursor() {
    return this.term.modes.applicationCursorKeysMode;
  }

  #key(event) {
    if (event.key === 'Escape' && event.ctrlKey && event.shiftKey || event.key === 'F6' && event.ctrlKey) {
      if (event.type === 'keydown') {
        event.preventDefault();
        this.leave();
      }
      return false;
    }
    // Copying with the mouse's selection, as people are used to; without one Ctrl-C reaches the program.
    if (event.type === 'keydown' && event.key === 'c' && event.ctrlKey && !event.shiftKey && !event.altKey && this.term.hasSelection()) {
      void navigator.clipboard?.writeText(this.term.getSelection());
      this.term.clearSelection();
      event.preventDefault();
      return false;
    }
    return true;
  }

  // Moves the focus to what follows the terminal, so that the keyboard alone gets out of it.
  leave() {
    this.term.blur();
    this.onLeave?.();
  }

  focus() {
    this.term.focus();
  }

  #focusChanged(focused) {
    this.state.focused = focused;
    if (focused) {
      this.yielded = false;
      this.#layout();
    }
  }

  // --- size

  setFit(fit) {
    this.fitWanted = fit;
    this.yielded = false;
    this.#layout();
  }

  setScreenReader(on) {
    this.term.options.screenReaderMode = on;
  }

  #programResized({ cols, rows }, known = false) {
    if (!(cols > 0 && rows > 0)) return;
    // Somebody else has taken the program's size. It is theirs until this viewer does something, or two windows would
    // fight over it for ever.
    if (!known) this.yielded = !(this.asked && this.asked.cols === cols && this.asked.rows === rows);
    this.size = { cols, rows };
    this.#layout();
  }

  #layout() {
    clearTimeout(this.layoutTimer);
    this.layoutTimer = setTimeout(() => this.#layoutNow(), 30);
  }

  // Whoever looks on does not disturb: the program is resized only by the viewer who is using the terminal.
  #layoutNow() {
    if (!this.host?.isConnected || this.host.clientWidth === 0) return;
    const normal = innerWidth < 700 ? 12 : 13;
    if (this.live && this.resizes && this.fitWanted && this.state.focused && !this.yielded) {
      this.#fontSize(normal);
      const wanted = this.fitAddon.proposeDimensions();
      if (!wanted || Number.isNaN(wanted.cols)) return;
      const cols = Math.min(500, Math.max(2, wanted.cols));
      const rows = Math.min(300, Math.max(1, wanted.rows));
      this.#resize(cols, rows);
      if (cols !== this.size.cols || rows !== this.size.rows) {
        clearTimeout(this.sizeTimer);
        this.sizeTimer = setTimeout(() => {
          if (!this.state.focused || !this.live || !connected()) return;
          this.size = { cols, rows };
          this.asked = this.size;
          emit('terminal_resize', { sessionId: this.id, cols, rows }).catch(() => {});
        }, 120);
      }
      return;
    }
    // The program's own size, made smaller until it fits, down to what can still be read.
    this.#resize(this.size.cols, this.size.rows);
    const smallest = innerWidth < 700 ? 7 : 8.5;
    const screen = this.host.querySelector('.xterm-screen');
    // Tried rather than reckoned: cells are rounded to pixels, which over many rows adds up.
    for (let points = normal; points >= smallest; points -= 0.5) {
      this.#fontSize(points);
      if (screen.offsetWidth <= this.host.offsetWidth - 16 && screen.offsetHeight <= this.host.offsetHeight) break;
    }
    // What still does not fit is scrolled; the newest lines are at the bottom.
    requestAnimationFrame(() => { this.host.scrollTop = Math.max(0, screen.offsetHeight - this.host.clientHeight); });
  }

  #fontSize(points) {
    if (this.term.options.fontSize !== points) this.term.options.fontSize = points;
  }

  #resize(cols, rows) {
    if (this.term.cols !== cols || this.term.rows !== rows) this.term.resize(cols, rows);
    Object.assign(this.state, { cols, rows });
  }

  #listen(target, event, fn) {
    target.addEventListener(event, fn);
    this.closers.push(() => target.removeEventListener(event, fn));
  }
}

// Output is untrusted: a link in it leads somewhere else than it says only after a person agreed to the real address.
function openLink(uri) {
  let url;
  try {
    url = new URL(uri);
  } catch {
    return;
  }
  if (!['http:', 'https:'].includes(url.protocol)) return;
  if (!confirm(`Open this address from the program's output?\n\n${url.href}`)) return;
  window.open(url.href, '_blank', 'noopener,noreferrer');
}
