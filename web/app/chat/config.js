// The configuration file: as it runs, as it is on disk, and the text that somebody is editing.

import { reactive } from '/vendor/vue.js';
import { jsonProblem } from '../lib/json-problem.js';
import { diffLines } from '../lib/line-diff.js';
import { sha256 } from '../lib/sha256.js';
import { modelOf, modelsFor, withModel } from '../lib/slash.js';
import * as client from './client.js';
import { checkHealth, complain, note, succeeded } from './state.js';

const RESTART_MS = 30_000;
const POLL_MS = 500;
// Without a start time in the answer, a daemon that has answered this long is taken to be the new one.
const STEADY_MS = 5000;

export const config = reactive({ state: null, text: '', busy: null, status: null });

// What the editor began with: the file as it is, even where it is broken.
export const onDisk = () => (config.state?.disk_parse_error ? config.state.disk_raw ?? config.state.raw : config.state?.raw) ?? '';
export const isEdited = () => config.state !== null && config.text !== onDisk();

function take(state, { keepText = false } = {}) {
  config.state = state;
  if (!keepText) config.text = onDisk();
}

const status = (tone, text) => { config.status = { tone, text }; };

async function doing(word, work) {
  if (config.busy) return false;
  config.busy = word;
  try {
    await work();
    succeeded();
    return true;
  } catch (error) {
    const failure = complain(error);
    status('bad', failure.message);
    return false;
  } finally {
    config.busy = null;
  }
}

export const reload = ({ quiet = false, keepText = false } = {}) => doing('reload', async () => {
  take(await client.config(), { keepText });
  if (!quiet) {
    note('[config.get]');
    status('idle', 'Loaded.');
  }
});

// The place and the reason, where the text cannot be a configuration; null where it can.
export function problemIn(text) {
  const problem = jsonProblem(text);
  if (problem) return `Not valid JSON in line ${problem.line}, column ${problem.column}: ${problem.what}.`;
  const value = JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'The file must hold one JSON object.';
}

export const difference = () => diffLines(onDisk(), config.text);

export const apply = () => doing('apply', async () => {
  try {
    const answer = await client.apply({ raw: config.text, expected_raw_sha256: sha256(config.state.raw) });
    note(`[config.apply] ${answer.state.config_format}`);
    take(answer.state);
    status('good', answer.state.pending_restart?.length ? 'Applied. Some of it needs a restart.' : 'Applied.');
  } catch (error) {
    await explainConflict(error);
    throw error;
  }
});

// Somebody else was faster. Their version is fetched, so that the next attempt shows what it would change in theirs.
async function explainConflict(error) {
  if (error.status !== 409) return;
  error.message = 'The file was changed by somebody else since it was loaded here. Your text is kept; Apply again compares it with their version.';
  try {
    take(await client.config(), { keepText: true });
  } catch {
    // The sentence is true all the same.
  }
}

export const reset = () => doing('reset', async () => {
  const answer = await client.reset();
  note('[config.reset]');
  take(answer.state);
  status('good', 'The file holds the running configuration again.');
});

export const restart = () => doing('restart', async () => {
  const before = (await checkHealth()).startedAt;
  const answer = await client.restart();
  take(answer.state, { keepText: isEdited() });
  note(`[config.restart] ${answer.restart_scheduled ? 'scheduled' : 'not scheduled'}`);
  if (!answer.restart_scheduled) {
    status('warn', 'Restarting is switched off for this daemon. Restart it where it was started.');
    return;
  }
  status('busy', 'Restarting…');
  if (await isBack(before)) {
    status('good', 'The daemon is back.');
    note('[config.restart] back');
    take(await client.config(), { keepText: isEdited() });
  } else {
    status('bad', 'The daemon did not come back within 30 seconds.');
  }
});

async function isBack(startedBefore) {
  const from = Date.now();
  let steady = null;
  let wasAway = false;
  while (Date.now() - from < RESTART_MS) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    const { text, startedAt } = await checkHealth();
    if (text === 'unreachable') {
      wasAway = true;
      steady = null;
      continue;
    }
    steady ??= Date.now();
    if (startedAt !== null && startedAt !== startedBefore) return true;
    if (wasAway || Date.now() - steady > STEADY_MS) return true;
  }
  return false;
}

// --- the model

export const model = () => modelOf(config.state?.running);
export const models = () => modelsFor(config.state?.running);

// Returns a sentence for the person who asked.
export async function useModel(id) {
  try {
    take(await client.config(), { keepText: isEdited() });
    if (!models().includes(id)) return { ok: false, text: `${id} is none of the known models: ${models().join(', ')}` };
    if (model().model === id) return { ok: true, text: `${id} is in use already.` };
    const answer = await client.apply({ config: withModel(config.state.running, id), expected_raw_sha256: sha256(config.state.raw) });
    take(answer.state, { keepText: isEdited() });
    note(`[config.apply] llm.model = ${id}`);
    succeeded();
    return { ok: true, text: `Now using ${id}.` };
  } catch (error) {
    await explainConflict(error);
    return { ok: false, text: complain(error).message };
  }
}
