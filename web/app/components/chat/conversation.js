// What was said in a session, and what is being said.

import { computed, h, nextTick, onBeforeUnmount, onMounted, reactive, ref, watch } from '/vendor/vue.js';
import { chat, conversations, ends, heard, NEW, remove, runsElsewhere, setDraft, turns } from '../../chat/state.js';
import { copy } from '../../clipboard.js';
import { rowsOf } from '../../lib/transcript.js';
import { confirm } from '../confirm.js';
import { icon } from '../icons.js';
import { RichText } from './rich-text.js';

const SHOWN = 60; // rows at first; older ones are drawn when asked for
const OUTPUT_SHOWN = 20_000;
const NEAR_END = 60;

const pretty = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '');

// The arguments in the space of a line.
function brief(args) {
  if (args === null || args === undefined) return '';
  const text = typeof args === 'object' && !Array.isArray(args) ? Object.values(args).map((v) => (typeof v === 'string' ? v : JSON.stringify(v))).join(' ') : pretty(args);
  return text.replace(/\s+/g, ' ').slice(0, 120);
}

const ToolRow = {
  props: { row: Object },
  setup(props) {
    const view = reactive({ all: false, opened: false });
    const block = (title, text) => {
      const cut = !view.all && text.length > OUTPUT_SHOWN;
      return h('div', { class: 'code-block' }, [
        h('div', { class: 'code-head' }, [h('span', { class: 'faint' }, title), h('button', { class: 'button small quiet', type: 'button', onClick: () => copy(text, title) }, 'Copy')]),
        h('pre', { tabindex: 0 }, h('code', cut ? text.slice(0, OUTPUT_SHOWN) : text || '(empty)')),
        cut ? h('button', { class: 'button small', type: 'button', onClick: () => { view.all = true; } }, `Show all ${text.length} characters`) : null,
      ]);
    };
    return () => {
      const { name, args, output, isError } = props.row;
      const [mark, tone, word] = output === null ? ['half', 'idle', 'no result'] : isError ? ['cross', 'bad', 'failed'] : ['check', 'good', 'done'];
      return h('details', { class: ['tool', { failed: isError }], onToggle: (event) => { view.opened ||= event.target.open; } }, [
        h('summary', [
          icon('chevron', 'fold'),
          h('span', { class: `state tone-${tone}` }, [icon(mark), h('span', { class: isError ? 'word' : 'offscreen' }, word)]),
          h('code', { class: 'tool-name' }, name),
          h('span', { class: 'tool-brief faint' }, brief(args)),
        ]),
        // What nobody has looked at is not drawn: outputs are long, and many.
        !view.opened ? null : h('div', { class: 'tool-body' }, [
          args === undefined ? null : block('Arguments', pretty(args)),
          output === null ? h('p', { class: 'none' }, 'There is no result.') : block(isError ? 'Error' : 'Output', output),
        ]),
      ]);
    };
  },
};

const ROLES = { user: 'You', assistant: 'Assistant' };

const Message = {
  props: { row: Object, streaming: Boolean },
  setup: (props) => () => {
    const { row } = props;
    return h('article', { class: ['message', `from-${row.kind}`], 'aria-label': ROLES[row.kind] ?? row.role }, [
      h('div', { class: 'role', 'aria-hidden': 'true' }, ROLES[row.kind] ?? row.role),
      row.kind === 'assistant' ? h(RichText, { text: row.text }) : h('div', { class: 'said' }, row.text),
      row.partial && !props.streaming ? h('p', { class: 'tone-warn fine' }, 'This answer is incomplete.') : null,
    ]);
  },
};

export const Conversation = {
  props: { id: String, hidden: Boolean, model: String },
  setup(props) {
    const place = ref(null);
    const view = reactive({ shown: SHOWN, atEnd: true });
    const key = computed(() => props.id ?? NEW);
    const rows = computed(() => rowsOf(conversations.get(key.value)));
    const turn = computed(() => turns.get(key.value));

    const toEnd = () => { if (place.value) place.value.scrollTop = place.value.scrollHeight; };
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = place.value;
      view.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    };
    // Whoever reads further up is left there; whoever is at the end stays at the end.
    watch([rows, turn, () => ends.get(key.value)], async () => { if (view.atEnd) { await nextTick(); toEnd(); } }, { flush: 'post' });
    watch(() => turn.value?.phase, (phase) => { if (phase === 'sending') { view.atEnd = true; nextTick(toEnd); } });
    watch(key, async (now, before) => {
      // A new conversation that has got its session is still the same one.
      if (before === NEW && turns.has(now)) return;
      Object.assign(view, { shown: SHOWN, atEnd: true });
      await nextTick();
      toEnd();
    });
    watch(() => props.hidden, async () => { if (view.atEnd) { await nextTick(); toEnd(); } });
    const observer = new ResizeObserver(() => { if (view.atEnd) toEnd(); });
    onMounted(() => { observer.observe(place.value); toEnd(); });
    onBeforeUnmount(() => observer.disconnect());

    const earlier = async () => {
      const { scrollHeight, scrollTop } = place.value;
      view.shown += 200;
      await nextTick();
      place.value.scrollTop = scrollTop + place.value.scrollHeight - scrollHeight;
    };

    const removeThis = async () => {
      if (await confirm({ title: 'Delete this session?', text: 'What was said in it cannot be brought back.', yes: 'Delete session', danger: true })) {
        await remove(props.id);
        // The button that had the focus is gone with its session.
        await nextTick();
        document.getElementById(matchMedia('(pointer: coarse)').matches ? 'main' : 'composer')?.focus();
      }
    };

    return () => {
      const all = rows.value;
      const from = Math.max(0, all.length - view.shown);
      const t = turn.value;
      const end = ends.get(key.value);
      const missing = props.id && chat.missing === props.id;
      const lastAssistant = all.at(-1)?.kind === 'assistant' ? all.at(-1).key : null;
      return [
        h('div', { class: 'conversation-head' }, [
          h('h2', props.id ? ['Session ', h('code', { title: props.id }, props.id.slice(0, 8))] : 'New conversation'),
          props.model ? h('span', { class: 'chip', title: 'Provider and model' }, props.model) : null,
          h('span', { class: 'grow' }),
          props.id && !missing ? h('button', { class: 'button small quiet', type: 'button', onClick: removeThis }, [icon('trash'), 'Delete session']) : null,
        ]),
        h('div', { class: 'transcript-frame' }, [
          h('div', { ref: place, class: 'transcript', tabindex: 0, role: 'region', 'aria-label': 'Conversation', 'aria-busy': t ? 'true' : undefined, onScrollPassive: onScroll }, [
            missing ? h('div', { class: 'empty small-empty' }, [h('h2', 'No such session'), h('p', 'It may have been deleted.')])
              : all.length === 0 ? h('div', { class: 'empty small-empty' }, [h('h2', 'Say something'), h('p', ['The answer appears here as it is written, with the tools it uses. Type ', h('kbd', '/'), ' for commands.'])])
              : [
                from > 0 ? h('button', { class: 'button small earlier', type: 'button', onClick: earlier }, `Show ${Math.min(200, from)} earlier of ${from}`) : null,
                all.slice(from).map((row) => row.kind === 'tool' ? h(ToolRow, { key: row.key, row }) : h(Message, { key: row.key, row, streaming: !!t && row.key === lastAssistant })),
              ],
            t ? h('p', { class: 'turn-state' }, [h('span', { class: 'pill-dot', 'aria-hidden': 'true' }), { sending: 'Sending…', answering: all.at(-1)?.kind === 'user' ? 'Thinking…' : 'Answering…', stopping: 'Stopping…' }[t.phase]]) : null,
            !t && runsElsewhere(key.value) ? h('p', { class: 'turn-state' }, [h('span', { class: 'pill-dot', 'aria-hidden': 'true' }), 'An answer that was asked for elsewhere is on its way…']) : null,
            !t && end?.text ? h('p', { class: ['turn-end', `tone-${end.tone}`] }, [
              h('span', end.text),
              end.again ? h('button', { class: 'button small', type: 'button', onClick: () => { setDraft(key.value, end.again); document.getElementById('composer')?.focus(); } }, 'Put it back into the draft') : null,
            ]) : null,
          ]),
          view.atEnd ? null : h('button', { class: 'button small latest', type: 'button', onClick: () => { view.atEnd = true; toEnd(); } }, [icon('down'), 'Latest']),
        ]),
        // What a screen reader hears: whole sentences, not each piece of one.
        h('div', { class: 'offscreen', role: 'log', 'aria-live': 'polite', 'aria-label': 'Answer' }, heard.lines.map((line) => h('p', { key: line.id }, line.text))),
      ];
    };
  },
};
