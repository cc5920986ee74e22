// The words, shapes and tones of session states. A state is never told by colour alone.

export const STATES = {
  CREATED: { word: 'Created', shape: 'ring', tone: 'idle' },
  PREPARING_WORKSPACE: { word: 'Preparing', shape: 'quarter', tone: 'busy' },
  STARTING_PROVIDER: { word: 'Starting', shape: 'half', tone: 'busy' },
  RUNNING: { word: 'Running', shape: 'play', tone: 'good' },
  WAITING_FOR_APPROVAL: { word: 'Needs approval', shape: 'diamond', tone: 'warn' },
  PAUSED_BY_HUMAN: { word: 'Paused', shape: 'pause', tone: 'held' },
  STOPPING: { word: 'Stopping', shape: 'stop', tone: 'busy' },
  COMPLETED: { word: 'Completed', shape: 'check', tone: 'done' },
  FAILED: { word: 'Failed', shape: 'cross', tone: 'bad' },
};

export function stateOf(name) {
  return STATES[name] ?? { word: name ? String(name) : 'Unknown', shape: 'ring', tone: 'idle' };
}

// The evidence of the contracts in words, for a person who has not read them.
const EVIDENCE = {
  runner_lost: 'The daemon went away while it ran, and its terminal with it.',
  force_killed: 'It did not end when asked to, and was killed.',
  shim_died_before_report: 'It is gone, and so is its shim, which alone knew how it ended.',
  pid_not_alive: 'A look at its process found nobody.',
  pid_reuse_detected: 'Its process number belongs to another program now.',
  process_exit: 'It ended while its shim lived and said nothing.',
};

export const evidenceInWords = (code) => EVIDENCE[code] ?? code;

// Where a session that outlives the daemon runs: `{ headless }` or `{ pane, session }`; null for a terminal of the daemon's own.
export function targetOf(session) {
  if (!session.target) return null;
  if (session.target === 'headless') return { headless: true };
  const pane = session.target.replace(/^tmux:/, '');
  return { pane, session: pane.slice(0, pane.lastIndexOf(':')) };
}

// The beginning of an id that tells it from others. The first digits of one that is made of the time stay the same for
// a minute.
export const shortId = (id) => id.slice(0, id[14] === '7' ? 13 : 8);

// What a person calls the session.
export function labelOf(session) {
  return session.name ?? session.title ?? shortId(session.id);
}

// How it ended, in a few words; null while it lives.
export function resultOf(session) {
  if (session.live) return null;
  if (session.signal) return session.signal;
  if (session.exitCode !== undefined) return `exit ${session.exitCode}`;
  return null;
}
