// Asks before something is done that cannot be taken back. `await confirm({…})` is true if the person agrees.

import { h, nextTick, shallowReactive, ref, watch } from '/vendor/vue.js';

const asked = shallowReactive({ question: null });

// `body()` returns what stands between the sentence and the buttons.
export function confirm({ title, text = null, body = null, yes, danger = false, wide = false }) {
  asked.question?.answer(false);
  return new Promise((answer) => { asked.question = { title, text, body, yes, danger, wide, answer }; });
}

export const ConfirmDialog = {
  setup() {
    const dialog = ref(null);
    watch(() => asked.question, async (question) => {
      if (!question) return;
      await nextTick();
      if (dialog.value && !dialog.value.open) dialog.value.showModal();
    });
    const close = (answer) => {
      const question = asked.question;
      asked.question = null;
      // Closed before it goes, so that the browser gives the focus back to where it was.
      dialog.value?.close();
      question?.answer(answer);
    };
    return () => {
      const q = asked.question;
      if (!q) return null;
      return h('dialog', { ref: dialog, class: ['help', 'confirm', { broad: q.wide }], 'aria-labelledby': 'confirm-title', onClose: () => close(false), onCancel: (event) => { event.preventDefault(); close(false); } }, h('form', { class: 'help-body', method: 'dialog', onSubmit: (event) => { event.preventDefault(); close(true); } }, [
        h('h2', { id: 'confirm-title' }, q.title),
        q.text ? h('p', q.text) : null,
        q.body ? q.body() : null,
        h('div', { class: 'form-end' }, [
          h('button', { class: ['button', q.danger ? 'bad sure' : 'primary'] }, q.yes),
          // What changes nothing is what Enter does when nobody has chosen yet.
          h('button', { class: 'button', type: 'button', autofocus: true, onClick: () => close(false) }, 'Cancel'),
        ]),
      ]));
    };
  },
};
