// One question that an agent asks, with the two answers. What the agent says is shown as text, never interpreted.

import { computed, h, reactive } from '/vendor/vue.js';
import * as api from '../api.js';
import { labelOf, projectOf } from '../lib/states.js';
import { duration } from '../lib/time.js';
import { now } from '../now.js';
import { toast } from '../notices.js';
import { to } from '../router.js';
import { approvals } from '../store.js';
import { Ago } from './ago.js';
import { icon } from './icons.js';

const RISKS = { low: 'Low risk', med: 'Medium risk', high: 'High risk' };
const CATEGORIES = { merge: 'Merge', deps_add: 'Add a dependency', secrets: 'Secrets', deploy: 'Deploy', shell: 'Shell command', network: 'Network' };

export const ApprovalCard = {
  props: { session: Object, id: String, approval: Object, linked: Boolean },
  setup(props) {
    const form = reactive({ note: '', busy: null, error: null, answered: null });

    const decide = async (decision) => {
      form.busy = decision;
      form.error = null;
      try {
        await api.decide(props.session.id, props.id, decision, form.note.trim());
        form.answered = decision;
        approvals.set(props.id, { ...approvals.get(props.id), approvalId: props.id, decision });
        toast({ title: decision === 'allow' ? 'Allowed' : 'Denied', text: props.approval?.summary });
      } catch (error) {
        form.error = error.code === 'APPROVAL_CONFLICT' ? 'Somebody else has already answered differently.'
          : error.code === 'APPROVAL_NOT_FOUND' ? 'This question is no longer open.' : error.message;
      }
      form.busy = null;
    };

    const context = computed(() => Object.entries(props.approval?.context ?? {}).filter(([, value]) => value !== null && value !== ''));

    return () => {
      const a = props.approval ?? {};
      const left = a.timeoutAt ? a.timeoutAt - now.value : null;
      const noteId = `note-${props.id}`;
      return h('article', { class: ['approval', `risk-${a.risk ?? 'med'}`], 'aria-label': `Approval: ${a.summary ?? props.id}` }, [
        h('div', { class: 'approval-head' }, [
          h('span', { class: 'state tone-warn' }, [icon('diamond'), h('span', { class: 'word' }, 'Needs approval')]),
          h('span', { class: `chip risk` }, RISKS[a.risk] ?? 'Risk unknown'),
          a.category ? h('span', { class: 'chip' }, CATEGORIES[a.category] ?? a.category) : null,
          h('span', { class: 'grow' }),
          h('span', { class: 'faint' }, [a.requestedAt ? h(Ago, { at: a.requestedAt, suffix: ' ago' }) : null, left !== null ? ` · denied in ${duration(Math.max(0, left))}` : null]),
        ]),
        h('p', { class: 'approval-summary' }, a.summary ?? `Approval ${props.id}`),
        props.linked ? h('p', { class: 'approval-from' }, ['Asked by ', h('a', { href: to.session(props.session.id) }, labelOf(props.session)), h('span', { class: 'faint' }, ` · ${props.session.agent}${projectOf(props.session) ? ` in ${projectOf(props.session).name}` : ''}`)]) : null,
        context.value.length ? h('dl', { class: 'context' }, context.value.flatMap(([key, value]) => [h('dt', key), h('dd', h('code', typeof value === 'string' ? value : JSON.stringify(value)))])) : null,
        h('form', { class: 'approval-answer', onSubmit: (event) => event.preventDefault() }, [
          h('label', { class: 'offscreen', for: noteId }, 'Note to the agent'),
          h('input', { id: noteId, class: 'field', placeholder: 'Note to the agent (optional)', maxlength: 2000, value: form.note, onInput: (event) => { form.note = event.target.value; } }),
          h('button', { type: 'button', class: 'button good', disabled: !!form.busy || !!form.answered, onClick: () => decide('allow') }, form.busy === 'allow' ? 'Allowing…' : form.answered === 'allow' ? 'Allowed' : 'Allow'),
          h('button', { type: 'button', class: 'button bad', disabled: !!form.busy || !!form.answered, onClick: () => decide('deny') }, form.busy === 'deny' ? 'Denying…' : form.answered === 'deny' ? 'Denied' : 'Deny'),
        ]),
        form.error ? h('p', { class: 'error', role: 'alert' }, form.error) : null,
      ]);
    };
  },
};
