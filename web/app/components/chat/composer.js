// Where a message is written: several lines, commands with hints, and the way to stop an answer.

import { computed, h, nextTick, onMounted, reactive, ref, watch } from '/vendor/vue.js';
import { drafts, NEW, runsElsewhere, setDraft, stop, turns } from '../../chat/state.js';
import { hintsFor, isWhole } from '../../lib/slash.js';
import { icon } from '../icons.js';

const TALLEST = 220;

export const Composer = {
  props: { id: String, problem: String, brief: Boolean },
  emits: ['submit', 'edited'],
  setup(props, { emit }) {
    const area = ref(null);
    const view = reactive({ chosen: 0, moved: false, dismissed: null });
    const key = computed(() => props.id ?? NEW);
    const draft = computed(() => drafts[key.value] ?? '');
    const turn = computed(() => turns.get(key.value));
    const hints = computed(() => (view.dismissed === draft.value ? [] : hintsFor(draft.value)));

    const fit = () => {
      const element = area.value;
      if (!element) return;
      element.style.height = 'auto';
      element.style.height = `${Math.min(TALLEST, element.scrollHeight + 2)}px`;
      element.style.overflowY = element.scrollHeight > TALLEST ? 'auto' : 'hidden';
    };
    watch(draft, async () => { await nextTick(); fit(); });
    watch(hints, () => Object.assign(view, { chosen: 0, moved: false }));
    onMounted(fit);

    const write = (text) => {
      setDraft(key.value, text);
      emit('edited');
    };
    const accept = (hint) => {
      write(hint.completion);
      area.value.focus();
    };
    const submit = () => { if (draft.value.trim() && !turn.value) emit('submit', draft.value); };

    const onKey = (event) => {
      if (event.isComposing) return;
      const open = hints.value.length > 0;
      if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        event.preventDefault();
        const step = event.key === 'ArrowDown' ? 1 : -1;
        view.chosen = (view.chosen + step + hints.value.length) % hints.value.length;
        view.moved = true;
        nextTick(() => document.getElementById(`hint-${view.chosen}`)?.scrollIntoView({ block: 'nearest' }));
      } else if (open && event.key === 'Escape') {
        event.preventDefault();
        view.dismissed = draft.value;
      } else if (open && event.key === 'Tab' && !event.shiftKey && hints.value[view.chosen].completion !== draft.value) {
        event.preventDefault();
        accept(hints.value[view.chosen]);
      } else if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        const hint = hints.value[view.chosen];
        // Enter completes what was chosen or only begun; a whole command is run.
        if (hint && hint.completion !== draft.value && (view.moved || !isWhole(draft.value))) accept(hint);
        else submit();
      }
    };

    return () => {
      const t = turn.value;
      const open = hints.value.length > 0;
      return h('form', { class: 'composer', onSubmit: (event) => { event.preventDefault(); submit(); } }, [
        open ? h('ul', { id: 'hints', class: 'hints', role: 'listbox', 'aria-label': 'Commands' }, hints.value.map((hint, i) => h('li', {
          key: hint.usage, id: `hint-${i}`, role: 'option', 'aria-selected': i === view.chosen ? 'true' : 'false',
          // Before the click, or the text would lose the focus and a phone its keyboard.
          onMousedown: (event) => event.preventDefault(), onClick: () => accept(hint),
        }, [h('code', hint.usage), h('span', { class: 'faint' }, hint.what)]))) : null,
        props.problem ? h('p', { id: 'composer-problem', class: 'error', role: 'alert' }, props.problem) : null,
        h('div', { class: 'composer-row' }, [
          h('label', { class: 'offscreen', for: 'composer' }, 'Message'),
          h('textarea', {
            ref: area, id: 'composer', class: 'field', rows: 1, value: draft.value, placeholder: props.brief ? 'Message' : 'Message, or / for commands', maxlength: 1 << 20, enterkeyhint: 'send', autocomplete: 'off', autocapitalize: 'sentences',
            'aria-autocomplete': 'list', 'aria-controls': open ? 'hints' : undefined, 'aria-activedescendant': open ? `hint-${view.chosen}` : undefined,
            'aria-describedby': props.problem ? 'composer-problem' : undefined, 'aria-invalid': props.problem ? 'true' : undefined,
            onInput: (event) => write(event.target.value), onKeydown: onKey,
          }),
          t || runsElsewhere(key.value) ? h('button', { class: 'button bad', type: 'button', disabled: !!t && t.phase !== 'answering', onClick: () => stop(key.value) }, [icon('stop'), h('span', t?.phase === 'stopping' ? 'Stopping…' : 'Stop')]) : null,
          h('button', { class: 'button primary', disabled: !!t || !draft.value.trim() }, t ? (t.phase === 'sending' ? 'Sending…' : 'Answering…') : [icon('send'), 'Send']),
        ]),
        h('p', { class: 'composer-hint faint', 'aria-hidden': 'true' }, [h('kbd', 'Enter'), ' sends, ', h('kbd', 'Shift Enter'), ' begins a new line']),
      ]);
    };
  },
};
