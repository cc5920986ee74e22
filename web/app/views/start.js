// Starts a session: any command, an agent with a task, or a practice session.

import { computed, h, reactive, ref } from '/vendor/vue.js';
import * as api from '../api.js';
import { joinArgv, splitArgv } from '../lib/argv.js';
import { errorFor } from '../lib/field-errors.js';
import { projectOf } from '../lib/states.js';
import { prefs } from '../prefs.js';
import { go, route, to } from '../router.js';
import { sessions } from '../store.js';

const KINDS = [
  ['command', 'Command', 'Any program, in a terminal of its own'],
  ['claude_code', 'Claude Code', 'An agent with a task, in a repository'],
  ['codex', 'Codex', 'An agent with a task, in a repository'],
  ['mock', 'Practice', 'Made-up events, to see how everything looks'],
];

export const StartView = {
  setup() {
    const form = reactive({
      kind: KINDS.some(([kind]) => kind === route.query.kind) ? route.query.kind : 'command',
      line: route.query.line ?? '', cwd: route.query.cwd ?? prefs.cwd, name: route.query.name ?? '', where: route.query.where ?? 'own', pane: route.query.pane ?? '', script: 'all', stepMs: '', title: '', goal: '', path: '', branch: 'main',
      busy: false, error: null, fields: {},
    });
    const element = ref(null);
    const split = computed(() => splitArgv(form.line));
    const projects = computed(() => [...new Set([...sessions.values()].map((s) => projectOf(s)?.path).filter(Boolean))].sort().slice(0, 50));
    const isAgent = computed(() => form.kind === 'codex' || form.kind === 'claude_code');

    const body = () => {
      const name = form.name.trim();
      const common = { providerId: form.kind, ...(name ? { name } : {}) };
      if (form.kind === 'command') return { ...common, ...(form.where === 'headless' ? { target: 'headless' } : form.where === 'tmux' ? { target: `tmux:${form.pane.trim()}` } : {}), command: { argv: split.value.argv, ...(form.cwd.trim() ? { cwd: form.cwd.trim() } : {}) } };
      if (form.kind === 'mock') return { ...common, mock: { script: form.script, ...(form.stepMs === '' ? {} : { stepMs: Number(form.stepMs) }) } };
      return {
        ...common,
        ...(name ? { agentName: name } : {}),
        repoRef: { provider: 'local', path: form.path.trim() },
        checkout: { type: 'branch', ref: form.branch.trim() || 'main' },
        task: { title: form.title.trim(), goal: form.goal.trim(), constraints: [], acceptance: [] },
      };
    };

    const check = () => {
      const fields = {};
      if (form.kind === 'command') {
        if (split.value.error) fields['command.argv'] = split.value.error;
        else if (split.value.argv.length === 0) fields['command.argv'] = 'Which command?';
        if (form.where === 'tmux' && !/^.+:\d+\.\d+$/.test(form.pane.trim())) fields.target = 'A pane is written session:window.pane, such as work:0.1';
      }
      if (isAgent.value) {
        if (!form.title.trim()) fields['task.title'] = 'A title is needed';
        if (!form.goal.trim()) fields['task.goal'] = 'What should the agent do?';
        if (!form.path.trim()) fields['repoRef.path'] = 'In which repository?';
      }
      if (form.name.trim() && !/^[A-Za-z0-9._-]{1,64}$/.test(form.name.trim())) fields.name = 'Letters, digits, dot, dash and underscore, up to 64';
      return fields;
    };

    const fail = (fields, error) => {
      form.fields = fields;
      form.error = error;
      requestAnimationFrame(() => (element.value?.querySelector('[aria-invalid=true]') ?? element.value?.querySelector('.error'))?.focus());
    };

    const submit = async (event) => {
      event?.preventDefault();
      if (form.busy) return;
      const wrong = check();
      if (Object.keys(wrong).length) return fail(wrong, null);
      Object.assign(form, { busy: true, error: null, fields: {} });
      try {
        const { sessionId } = await api.start(body());
        if (form.kind === 'command') {
          prefs.commands = [form.line, ...prefs.commands.filter((line) => line !== form.line)].slice(0, 20);
          prefs.cwd = form.cwd.trim();
        }
        go(to.session(sessionId));
      } catch (error) {
        const missing = error.code === 'PROVIDER_AUTH_MISSING' ? error.details?.missing : null;
        fail(missing ? {} : error.fields ?? {}, missing ? `The daemon has no key for this agent. Set ${missing.join(' and ')} in its environment and start it again.` : error.message);
      }
      form.busy = false;
    };

    // One labelled input with its error, tied together for screen readers.
    const row = (id, label, control, { error, hint } = {}) => {
      const described = [error ? `${id}-error` : null, hint ? `${id}-hint` : null].filter(Boolean).join(' ') || undefined;
      const [tag, props, children] = control;
      return h('div', { class: 'form-row' }, [
        h('label', { for: id }, label),
        h(tag, { id, 'aria-invalid': error ? 'true' : undefined, 'aria-describedby': described, ...props, class: ['field', props.class] }, children),
        error ? h('p', { class: 'error', id: `${id}-error` }, error) : null,
        hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null,
      ]);
    };
    const text = (key, props = {}) => ['input', { value: form[key], autocomplete: 'off', spellcheck: false, onInput: (event) => { form[key] = event.target.value; }, ...props }];

    return () => {
      const e = (...paths) => errorFor(form.fields, ...paths);
      const shown = new Set();
      const field = (...paths) => { const message = e(...paths); if (message) shown.add(message); return message; };
      const parts = [];
      const where = (value, word, what) => h('label', { class: 'check' }, [h('input', { type: 'radio', name: 'where', value, checked: form.where === value, onChange: () => { form.where = value; } }), h('span', [h('strong', word), ` ${what}`])]);
      if (form.kind === 'command') {
        const { argv, error, shellish } = split.value;
        parts.push(
          row('line', 'Command', text('line', { class: 'mono', placeholder: 'make -j4 test', list: 'recent', autofocus: true, maxlength: 20_000 }), {
            error: field('command.argv', 'command', 'argv'),
            hint: form.line.trim() === '' ? 'Words are split as in a shell; quotes keep them together.'
              : error ? `${error}.`
              : h('span', { class: 'argv' }, argv.map((word, i) => h('code', { key: i }, word === '' ? '\u00a0' : word))),
          }),
          h('datalist', { id: 'recent' }, prefs.commands.map((line) => h('option', { value: line }))),
          shellish && !error ? h('p', { class: 'note' }, [
            'No shell reads this line, so ', h('code', shellish), ' reaches the program as it is. ',
            h('button', { type: 'button', class: 'button small', onClick: () => { form.line = joinArgv(['sh', '-c', form.line]); } }, 'Run it with sh -c'),
          ]) : null,
          row('cwd', 'Directory', text('cwd', { class: 'mono', placeholder: "the daemon's home directory", list: 'projects' }), { error: field('command.cwd', 'cwd') }),
          h('fieldset', [h('legend', 'Where'),
            where('own', 'here', 'in a terminal of the daemon, which ends with it'),
            where('headless', 'headless', 'without a terminal; it goes on when the daemon ends'),
            where('tmux', 'in tmux', 'in a pane that exists; what runs there is replaced'),
          ]),
          form.where === 'tmux' ? row('pane', 'Pane', text('pane', { class: 'mono short', placeholder: 'work:0.1' }), { error: field('target'), hint: 'tmux list-panes -a shows them.' }) : null,
        );
      } else if (form.kind === 'mock') {
        const script = (value, word, what) => h('label', { class: 'check' }, [h('input', { type: 'radio', name: 'script', value, checked: form.script === value, onChange: () => { form.script = value; } }), h('span', [h('strong', word), ` ${what}`])]);
        parts.push(
          h('fieldset', [h('legend', 'Script'), script('all', 'all', 'one of every event, then the end'), script('hold', 'hold', 'runs and echoes what you type, until stopped'), script('flood', 'flood', 'as much output as possible, until stopped')]),
          row('step', 'Milliseconds between events', text('stepMs', { type: 'number', min: 0, max: 60_000, placeholder: '20', class: 'short' }), { error: field('mock.stepMs', 'mock') }),
        );
      } else {
        parts.push(
          row('title', 'Title', text('title', { placeholder: 'Fix the flaky upload test', maxlength: 200, spellcheck: true }), { error: field('task.title') }),
          row('goal', 'Goal', ['textarea', { rows: 5, maxlength: 4000, value: form.goal, placeholder: 'What should be true when the agent is done?', onInput: (event) => { form.goal = event.target.value; } }], { error: field('task.goal', 'task') }),
          row('path', 'Repository', text('path', { class: 'mono', placeholder: '/path/to/repository', list: 'projects' }), { error: field('repoRef.path', 'repoRef') }),
          row('branch', 'Branch', text('branch', { class: 'mono short' }), { error: field('checkout.ref', 'checkout') }),
        );
      }
      parts.push(row('name', 'Name (optional)', text('name', { placeholder: 'build', maxlength: 64, class: 'short' }), { error: field('name', 'agentName'), hint: 'What you will call it, here and in drover attach NAME.' }));
      const others = Object.entries(form.fields).filter(([, message]) => !shown.has(message));

      return h('main', { id: 'main', class: 'page narrow-page', tabindex: -1 }, [
        h('h1', 'New session'),
        h('form', { ref: element, class: 'form', novalidate: true, onSubmit: submit, onKeydown: (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event); } }, [
          h('fieldset', { class: 'kinds' }, [h('legend', { class: 'offscreen' }, 'What to start'), KINDS.map(([kind, word, what]) => h('label', { key: kind, class: ['kind', { chosen: form.kind === kind }] }, [
            h('input', { type: 'radio', name: 'kind', value: kind, checked: form.kind === kind, onChange: () => { Object.assign(form, { kind, error: null, fields: {} }); } }),
            h('strong', word), h('span', what),
          ]))]),
          ...parts,
          h('datalist', { id: 'projects' }, projects.value.map((path) => h('option', { value: path }))),
          form.error || others.length ? h('div', { class: 'error box', role: 'alert', tabindex: -1 }, [
            form.error && form.error !== 'invalid body' ? h('p', form.error) : form.error && !shown.size && !others.length ? h('p', 'The daemon did not accept this.') : null,
            ...others.map(([path, message]) => h('p', [h('code', path), ` ${message}`])),
            form.error === 'invalid body' && shown.size && !others.length ? h('p', 'Please look at the marked fields.') : null,
          ]) : null,
          h('div', { class: 'form-end' }, [
            h('button', { class: 'button primary', disabled: form.busy }, form.busy ? 'Starting…' : 'Start'),
            h('a', { class: 'button', href: to.fleet() }, 'Cancel'),
          ]),
        ]),
      ]);
    };
  },
};
