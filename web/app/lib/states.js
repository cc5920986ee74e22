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

// What an agent is doing that somebody started by hand, as its hooks tell.
const ACTIVITIES = {
  working: { word: 'Working', shape: 'play', tone: 'good' },
  waiting: { word: 'Waits for you', shape: 'diamond', tone: 'warn' },
  ready: { word: 'Ready', shape: 'check', tone: 'done' },
  compacting: { word: 'Compacting', shape: 'half', tone: 'busy' },
  idle: { word: 'Idle', shape: 'ring', tone: 'idle' },
};

// Whose process is ours: only that can be typed into, paused or stopped from here.
export function isOurs(session) {
  if (session.origin === 'observed' || session.origin === 'chat') return false;
  // An origin that came later than this page: what we started has a command, a process or a screen.
  return !session.origin || session.origin === 'launched' || session.origin === 'remote' || !!(session.process || session.command || session.terminal?.bytes);
}

// What its agent says it does, where that says more than its state: not while it is prepared, held or stopped.
export function activityOf(session) {
  const running = session.live !== false && (!session.state || session.state === 'RUNNING' || session.state === 'WAITING_FOR_APPROVAL');
  return running && typeof session.activity === 'string' && session.activity ? session.activity : null;
}

// Word, shape and tone of a session, by what is known of it.
export function markOf(session) {
  const activity = activityOf(session);
  if (!activity || session.pendingApprovals?.length) return stateOf(session.state);
  return ACTIVITIES[activity] ?? { word: capital(activity), shape: 'ring', tone: 'idle' };
}

// Whether it asks for a person who is not here: in its own terminal.
export const waitsElsewhere = (session) => activityOf(session) === 'waiting' && !session.pendingApprovals?.length;

export const isBusy = (session) => session.live !== false && (activityOf(session) ? ['working', 'compacting'].includes(session.activity) : session.state === 'RUNNING');

const capital = (word) => word.slice(0, 1).toUpperCase() + word.slice(1).replaceAll('_', ' ');

// The last part of a path, which is what people call a folder.
const folder = (path) => path.replace(/\/+$/, '').split('/').at(-1) || path;

// `{name, path}` of where the work is done; null where that is not known.
export function projectOf(session) {
  const named = (value) => {
    if (typeof value === 'string' && value) return { name: folder(value), path: value };
    if (value && typeof value === 'object' && (value.path || value.name)) return { name: value.name || folder(value.path), path: value.path ?? value.name };
    return null;
  };
  return named(session.project) ?? named(session.observed?.project) ?? named(session.observed?.cwd) ?? named(session.cwd);
}

// The terminal somebody else's session runs in: `{words, pane}`, where `pane` can be given to tmux.
export function terminalOf(session) {
  const terminal = session.observed?.terminal;
  if (typeof terminal === 'string' && terminal) {
    const pane = /^tmux:(.+)$/.exec(terminal)?.[1] ?? null;
    return { words: pane ? `tmux ${pane}` : terminal, pane };
  }
  if (!terminal || typeof terminal !== 'object') return null;
  const text = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : null);
  const tmux = terminal.tmux ?? terminal;
  const pane = text(tmux.pane) ?? text(tmux.target) ?? text(tmux.tmux_pane) ?? text(tmux.tmux_session) ?? text(terminal.tmux);
  const words = [text(terminal.app) ?? text(terminal.parent_app) ?? text(terminal.program), pane ? `tmux ${pane.replace(/^tmux:/, '')}` : null, text(terminal.tty)].filter(Boolean).join(' · ');
  return words ? { words, pane: pane?.replace(/^tmux:/, '') ?? null } : null;
}

// The reports of agents in words.
const REPORTS = {
  session_start: 'it has begun',
  session_end: 'it has ended',
  user_prompt_submit: 'it was given something to do',
  pre_tool_use: 'it uses a tool',
  post_tool_use: 'a tool has answered',
  post_tool_use_failure: 'a tool has failed',
  permission_request: 'it asks for a permission',
  stop_failure: 'its turn has failed',
  cwd_changed: 'it has gone to another folder',
  pre_compact: 'it makes its memory smaller',
  notification: 'it has notified somebody',
  permission_prompt: 'it asks for a permission',
  elicitation_dialog: 'it asks a question',
  idle_prompt: 'it has been waiting for something to do',
  auth_success: 'it has just logged in',
  stop: 'it has finished its turn',
  stop_gate: 'it has finished its turn',
  task_completed: 'it has completed a task',
  dead_pid_reconcile_periodic: 'its process is gone',
  process_gone: 'its process is gone',
  quiet: 'nothing has been heard of it for long',
  child_started: 'it started a program, so it was answered in its own terminal',
  session_error: 'its turn has failed',
  turn_started: 'it is answering',
  turn_ended: 'it has answered',
  turn_failed: 'its last answer failed',
};

// A report in words; null if it is not one that the page knows.
export function reportInWords(event) {
  const name = String(event ?? '').replace(/^(?:hook[.:_]|agent[.:_])/, '');
  if (Object.hasOwn(REPORTS, name)) return REPORTS[name];
  if (name.startsWith('dead_pid')) return REPORTS.dead_pid_reconcile_periodic;
  return name.startsWith('tool ') ? `it uses the tool ${name.slice(5)}` : null;
}

const SOURCES = { chat: 'the chat', hook: 'a hook of its agent', agent: 'its agent', process: 'a look at its process', stored: 'before the daemon was started' };
export const sourceInWords = (source) => SOURCES[source] ?? source;

const ORIGINS = { launched: 'started by Drover', observed: 'started by hand, seen through its hooks', remote: 'on another machine', chat: 'a conversation in this page' };
export const originInWords = (origin) => ORIGINS[origin] ?? origin;

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
  const own = session.name || session.title;
  if (own) return own;
  // Observed sessions rarely have a name, and several may work in one folder.
  const project = isOurs(session) ? null : projectOf(session);
  return project ? `${project.name} ${session.id.slice(0, 4)}` : shortId(session.id);
}

// How it ended, in a few words; null while it lives.
export function resultOf(session) {
  if (session.live) return null;
  if (session.signal) return session.signal;
  if (session.exitCode !== undefined) return `exit ${session.exitCode}`;
  return null;
}
