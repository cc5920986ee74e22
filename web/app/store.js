// What the page knows: sessions, approvals, alerts. Filled once over HTTP, kept current over the socket.

import { computed, reactive, shallowReactive } from '/vendor/vue.js';
import * as api from './api.js';
import { connection, join, on } from './live.js';
import { attention } from './lib/order.js';
import { isOurs, labelOf, markOf, waitsElsewhere } from './lib/states.js';
import { daemonNow, now } from './now.js';
import { seen } from './prefs.js';
import { announce, toast } from './notices.js';
import { route, to } from './router.js';

export const sessions = shallowReactive(new Map());
export const approvals = shallowReactive(new Map());
export const alerts = shallowReactive(new Map());
export const fleet = reactive({ loaded: false, error: null, total: 0, daemon: null, at: 0 });

const cursors = new Map(); // session id -> journal row its view reflects
const removed = new Map(); // session id -> when; a slow answer must not bring it back
const lastSeq = new Map(); // session id -> last event number seen, to drop repetitions
const watchers = new Map(); // session id -> functions to call when details may have changed
const villages = new Set();

export const needing = computed(() => {
  const minute = now.value; // an old failure stops asking for attention by itself
  const out = [];
  for (const session of sessions.values()) if (attention(session, minute, seen)) out.push(session);
  return out;
});

export const pendingApprovals = computed(() => {
  const out = [];
  for (const session of sessions.values()) {
    for (const id of session.pendingApprovals ?? []) out.push({ session, id, approval: approvals.get(id) });
  }
  return out.sort((a, b) => (a.approval?.requestedAt ?? 0) - (b.approval?.requestedAt ?? 0));
});

// --- the list

let loading = null;
let loadAgain = false;

export async function loadFleet() {
  if (loading) { loadAgain = true; return loading; }
  loading = (async () => {
    try {
      const answer = await api.fleet();
      const present = new Set();
      for (const session of answer.items) {
        present.add(session.id);
        if (answer.cursor >= (cursors.get(session.id) ?? -1)) put(session, answer.cursor);
      }
      // What the answer leaves out is gone, unless the answer was cut or the session was born after it.
      if (answer.total <= answer.items.length) {
        for (const id of [...sessions.keys()]) {
          if (!present.has(id) && (cursors.get(id) ?? -1) <= answer.cursor) drop(id);
        }
      }
      Object.assign(fleet, { loaded: true, error: null, total: answer.total, daemon: answer.daemon, at: Date.now() });
    } catch (error) {
      fleet.error = error.message;
      if (connection.phase === 'live') setTimeout(loadFleet, 2000);
    } finally {
      loading = null;
      if (loadAgain) { loadAgain = false; void loadFleet(); }
    }
  })();
  return loading;
}

function put(session, cursor) {
  if (removed.has(session.id)) return;
  const before = sessions.get(session.id);
  sessions.set(session.id, session);
  cursors.set(session.id, cursor);
  joinVillage(session.villageId);
  if (before && markOf(before).word !== markOf(session).word) {
    announce(`${labelOf(session)}: ${markOf(session).word}${session.exitCode !== undefined ? `, exit ${session.exitCode}` : ''}`);
    if (session.state === 'FAILED' && before.state !== 'FAILED' && !looking(session.id)) {
      toast({ tone: 'bad', title: `${labelOf(session)} failed`, text: session.errorMessage ?? session.evidence?.reason, href: to.session(session.id) });
    }
    if (waitsElsewhere(session) && route.name !== 'fleet' && !looking(session.id)) {
      toast({ tone: 'warn', title: `${labelOf(session)} waits for you`, text: isOurs(session) ? 'It asks in its terminal.' : 'It asks in the terminal it runs in.', href: to.session(session.id) });
    }
  }
  if ((session.pendingApprovals ?? []).some((id) => !approvals.has(id))) void loadApprovals(session.id);
  if (!before || detailKey(before) !== detailKey(session)) changed(session.id);
}

function drop(id) {
  sessions.delete(id);
  cursors.delete(id);
  changed(id);
}

// Details are fetched anew when one of these moves; output alone moves none of them.
function detailKey(s) {
  return JSON.stringify([s.state, s.activity, s.activityEvent, s.evidence?.rowid, s.observed, s.tests?.at, s.tests?.running, s.alerts, s.filesTouched, s.diff, s.pendingApprovals, s.usage?.commandsRun, s.endedAt]);
}

// Changes arrive in bursts; the list is redrawn once per burst.
const incoming = new Map();
let flushing = null;
function flush() {
  flushing = null;
  for (const [id, { session, cursor }] of incoming) if (cursor >= (cursors.get(id) ?? -1)) put(session, cursor);
  incoming.clear();
  fleet.at = Date.now();
}

on('fleet_changed', ({ cursor, session }) => {
  if (!session?.id) return;
  incoming.set(session.id, { session, cursor });
  flushing ??= setTimeout(flush, 50);
});

on('fleet_removed', ({ id }) => {
  removed.set(id, Date.now());
  incoming.delete(id);
  drop(id);
});

join('join_fleet', {}, { joined: loadFleet, refused: loadFleet });
joinVillage('demo');

function joinVillage(villageId) {
  // Joining is limited per second, and one person rarely works in more than a few villages.
  if (!villageId || villages.has(villageId) || villages.size >= 8) return;
  villages.add(villageId);
  join('join_village', { villageId });
}

// --- details, for those who show them

export function watchDetails(id, fn) {
  let set = watchers.get(id);
  if (!set) watchers.set(id, (set = new Set()));
  set.add(fn);
  return () => set.delete(fn);
}

function changed(id) {
  for (const fn of watchers.get(id) ?? []) fn();
}

on('work_stream_event', (event) => {
  const { sessionId, seq, prevSeq, type, payload } = event;
  if (!sessionId) return;
  if (seq !== undefined) {
    const last = lastSeq.get(sessionId);
    if (last !== undefined && seq <= last) return;
    lastSeq.set(sessionId, seq);
    if (last !== undefined && prevSeq !== undefined && prevSeq > last) changed(sessionId);
  }
  if (type === 'output') return;
  if (payload?.approval) noteApproval(payload.approval, sessionId);
  changed(sessionId);
});

// --- approvals

const ASK_AGAIN_MS = 5000;
const asked = new Map(); // session id -> when; a session that changes often must not be asked each time

export async function loadApprovals(sessionId) {
  if (Date.now() - (asked.get(sessionId) ?? 0) < ASK_AGAIN_MS) return;
  asked.set(sessionId, Date.now());
  try {
    for (const approval of (await api.approvals(sessionId)).items) noteApproval(approval, sessionId);
  } catch {
    // The card then shows the id alone and can still be answered.
  }
}

export function noteApproval(approval, sessionId) {
  const known = approvals.get(approval.approvalId);
  approvals.set(approval.approvalId, { sessionId, ...known, ...approval });
  const fresh = !known && !approval.decision && daemonNow() - (approval.requestedAt ?? 0) < 30_000;
  if (!fresh) return;
  const session = sessions.get(sessionId);
  announce(`${session ? labelOf(session) : 'A session'} needs approval: ${approval.summary}`);
  // Where the question itself is on the page, a toast would only cover it.
  if (looking(sessionId) || route.name === 'fleet') return;
  toast({ tone: 'warn', title: `${session ? labelOf(session) : 'A session'} needs approval`, text: approval.summary, href: to.session(sessionId) });
}

function looking(sessionId) {
  return route.name === 'session' && (route.id === sessionId || route.id === sessions.get(sessionId)?.name);
}

// --- alerts

on('alert_raised', (alert) => {
  const at = alert.at ?? (Date.parse(alert.timestamp) || daemonNow());
  const isNew = !alerts.has(alert.alertId);
  noteAlert({ ...alert, at });
  if (alert.sessionId) changed(alert.sessionId);
  if (isNew && alert.severity !== 'info') {
    toast({ tone: alert.severity === 'warn' ? 'warn' : 'bad', title: alert.title, text: alert.description, href: alert.sessionId ? to.session(alert.sessionId) : to.alerts() });
    announce(`Alert: ${alert.title}`);
  }
});

export function noteAlert(alert) {
  alerts.set(alert.alertId, { ...alerts.get(alert.alertId), ...alert });
  if (alerts.size > 2000) alerts.delete(alerts.keys().next().value);
}

// What the bar counts: alerts of the last day, also of sessions whose details nobody has opened.
export const recentAlerts = computed(() => {
  const since = now.value - 24 * 3600 * 1000;
  let sum = 0;
  for (const session of sessions.values()) if (session.live || session.lastActivityAt > since) sum += alertCount(session);
  return sum;
});

export const alertCount = (session) => Object.values(session.alerts ?? {}).reduce((sum, n) => sum + n, 0);
