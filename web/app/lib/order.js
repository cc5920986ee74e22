// Which sessions need a person, and in which order the list shows them.

import { markOf, projectOf, waitsElsewhere } from './states.js';

const FRESH_FAILURE_MS = 24 * 3600 * 1000;

// Why a session asks for attention, most urgent first; null if it does not.
// `seen(id)` tells that a person has already opened this ended session.
export function attention(session, now, seen = () => false) {
  if (session.pendingApprovals?.length) return { rank: 0, why: 'approval' };
  if (waitsElsewhere(session)) return { rank: 0, why: 'waiting' };
  if (session.state === 'WAITING_FOR_APPROVAL') return { rank: 0, why: 'approval' };
  if (session.state === 'FAILED') {
    const at = session.endedAt ?? session.lastActivityAt ?? 0;
    return now - at < FRESH_FAILURE_MS && !seen(session.id) ? { rank: 1, why: 'failed' } : null;
  }
  if (!session.live) return null;
  if (session.alerts?.critical) return { rank: 2, why: 'alert' };
  if (session.tests && !session.tests.running && (session.tests.failed > 0 || session.tests.exitCode > 0)) return { rank: 3, why: 'tests' };
  if (session.alerts?.error) return { rank: 4, why: 'alert' };
  return null;
}

// Groups in the order of the page. Live sessions keep the order in which they were born: ordering by activity would
// make rows jump under the pointer.
export function arrange(sessions, now, seen) {
  const urgent = [];
  const live = [];
  const ended = [];
  for (const session of sessions) {
    const why = attention(session, now, seen);
    if (why) urgent.push({ session, why });
    else (session.live ? live : ended).push({ session, why: null });
  }
  urgent.sort((a, b) => a.why.rank - b.why.rank || (b.session.endedAt ?? b.session.createdAt) - (a.session.endedAt ?? a.session.createdAt) || byId(a, b));
  live.sort((a, b) => b.session.createdAt - a.session.createdAt || byId(a, b));
  ended.sort((a, b) => (b.session.endedAt ?? b.session.createdAt) - (a.session.endedAt ?? a.session.createdAt) || byId(a, b));
  return { urgent, live, ended };
}

function byId(a, b) {
  return a.session.id < b.session.id ? -1 : 1;
}

// Every word of the filter must occur somewhere in what the row shows.
export function matches(session, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [
    session.name, session.title, session.agent, session.agentName, projectOf(session)?.name, projectOf(session)?.path,
    markOf(session).word, session.origin, session.id, session.signal,
    session.exitCode === undefined ? '' : `exit ${session.exitCode}`,
  ].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}
