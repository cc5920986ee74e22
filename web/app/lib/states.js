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

// What a person calls the session.
export function labelOf(session) {
  return session.name ?? session.title ?? session.id.slice(0, 8);
}

// How it ended, in a few words; null while it lives.
export function resultOf(session) {
  if (session.live) return null;
  if (session.signal) return session.signal;
  if (session.exitCode !== undefined) return `exit ${session.exitCode}`;
  return null;
}
