// The configuration file: look at it, change it, see what would change, apply it.

import { h } from '/vendor/vue.js';
import { apply, config, difference, isEdited, model, onDisk, problemIn, reload, reset, restart } from '../../chat/config.js';
import { changes } from '../../lib/line-diff.js';
import { full } from '../../lib/time.js';
import { confirm } from '../confirm.js';

const MARKS = { same: ' ', added: '+', removed: '−' };
const WORDS = { same: '', added: 'added: ', removed: 'removed: ' };

const diffView = (lines) => h('div', { class: 'diff-view', role: 'group', 'aria-label': 'What changes', tabindex: 0 }, lines.map((line, i) => line === null
  ? h('div', { key: i, class: 'diff-gap' }, '⋯')
  : h('div', { key: i, class: `diff-line ${line.kind}` }, [
      h('span', { class: 'diff-number', 'aria-hidden': 'true' }, line.after ?? line.before),
      h('span', { class: 'diff-mark', 'aria-hidden': 'true' }, MARKS[line.kind]),
      h('span', { class: 'offscreen' }, WORDS[line.kind]),
      h('code', line.text || ' '),
    ])));

const say = (tone, text) => { config.status = { tone, text }; };

async function tryApply() {
  const problem = problemIn(config.text);
  if (problem) {
    say('bad', problem);
    document.getElementById('config-raw')?.focus();
    return;
  }
  const lines = difference();
  const count = (kind) => lines.filter((line) => line.kind === kind).length;
  if (count('added') + count('removed') === 0 && !config.state.disk_parse_error) {
    say('idle', 'Nothing is changed.');
    return;
  }
  const agreed = await confirm({
    title: 'Apply this configuration?', wide: true, yes: 'Apply',
    text: `${count('added')} lines added, ${count('removed')} removed. The present file is kept as a backup.`,
    body: () => diffView(changes(lines)),
  });
  if (agreed) await apply();
}

async function tryReload() {
  if (isEdited() && !(await confirm({ title: 'Throw away your changes?', text: 'The text in the editor is replaced by the file.', yes: 'Throw away', danger: true }))) return;
  await reload();
}

async function tryReset() {
  const text = config.state?.disk_parse_error
    ? 'The broken file is replaced by the configuration that runs; it is kept as a backup.'
    : 'The file is replaced by the configuration that runs. What was changed in it by hand remains in the backup only.';
  if (await confirm({ title: 'Write the running configuration to the file?', text, yes: 'Reset the file', danger: true })) await reset();
}

async function tryRestart() {
  const text = `Running answers are cut off${isEdited() ? ', and what you changed here is not applied' : ''}. This page waits for the daemon to come back.`;
  if (await confirm({ title: 'Restart the daemon?', text, yes: 'Restart', danger: true })) await restart();
}

export const ConfigPane = {
  setup: () => () => {
    const s = config.state;
    if (!s) {
      return h('div', { class: 'pane-body' }, [
        h('p', { class: 'none' }, config.busy ? 'Loading…' : config.status?.text ?? 'The configuration is not known.'),
        config.busy ? null : h('button', { class: 'button small', type: 'button', onClick: () => reload() }, 'Load it'),
      ]);
    }
    const { provider, model: name } = model();
    const edited = isEdited();
    const button = (word, busyWord, key, onClick, extra = '', disabled = false) => h('button', { class: `button small ${extra}`, type: 'button', disabled: disabled || !!config.busy, onClick }, config.busy === key ? busyWord : word);
    return h('div', { class: 'pane-body' }, [
      h('dl', { class: 'facts' }, [
        h('dt', 'File'), h('dd', [h('code', { title: s.config_path }, s.config_format)]),
        h('dt', 'Provider'), h('dd', provider),
        h('dt', 'Model'), h('dd', name),
      ]),
      s.disk_parse_error ? h('div', { class: 'error box', role: 'alert' }, [
        h('p', [h('strong', 'The file on disk cannot be read: '), s.disk_parse_error]),
        h('p', typeof s.disk_raw === 'string' ? 'It is shown below as it is. Mend it and apply, or reset it to what runs.' : 'Below is what runs. Reset writes it to the file.'),
      ]) : null,
      s.pending_restart?.length ? h('div', { class: 'note-box tone-warn' }, [
        h('p', 'These take effect after a restart:'),
        h('ul', s.pending_restart.map((key) => h('li', { key }, h('code', key)))),
      ]) : null,
      h('label', { class: 'pane-label', for: 'config-raw' }, ['Raw configuration', edited ? h('span', { class: 'chip' }, 'edited') : null]),
      h('textarea', {
        id: 'config-raw', class: 'field mono config-raw', rows: 18, spellcheck: false, autocomplete: 'off', autocapitalize: 'off', wrap: 'off', value: config.text, 'aria-describedby': 'config-status',
        onInput: (event) => { config.text = event.target.value; },
      }),
      h('div', { class: 'pane-actions', role: 'group', 'aria-label': 'Configuration' }, [
        button('Apply', 'Applying…', 'apply', tryApply, 'primary', !edited && !s.disk_parse_error),
        button('Reload', 'Loading…', 'reload', tryReload),
        button('Reset', 'Resetting…', 'reset', tryReset),
        button('Restart', 'Restarting…', 'restart', tryRestart, 'bad'),
      ]),
      h('p', { id: 'config-status', class: ['config-status', `tone-${config.status?.tone ?? 'idle'}`], role: 'status' }, config.status?.text ?? ''),
      Array.isArray(s.backups) ? h('div', [
        h('p', { class: 'pane-label' }, 'Backups'),
        h('ul', { class: 'backups' }, s.backups.map((b) => h('li', { key: b.path }, [
          h('code', { class: 'wrap', title: b.path }, b.path.slice(b.path.lastIndexOf('/') + 1)),
          h('span', { class: 'faint' }, b.exists ? (Date.parse(b.modified_at) ? full(Date.parse(b.modified_at)) : 'there') : 'none yet'),
        ]))),
      ]) : null,
      onDisk() !== s.raw && !s.disk_parse_error ? h('p', { class: 'faint fine' }, 'The file differs from what runs.') : null,
    ]);
  },
};
