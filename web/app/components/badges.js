// The small counters of a session: pending approvals, tests, alerts.

import { h } from '/vendor/vue.js';
import { alertCount } from '../store.js';
import { icon } from './icons.js';

const badge = (tone, mark, text, spoken) => h('span', { class: `badge tone-${tone}`, title: spoken }, [icon(mark), h('span', { 'aria-hidden': 'true' }, text), h('span', { class: 'offscreen' }, spoken)]);

export function approvalBadge(session) {
  const n = session.pendingApprovals?.length ?? 0;
  return n ? badge('warn', 'hand', n, `${n} pending ${n === 1 ? 'approval' : 'approvals'}`) : null;
}

export function testBadge(tests) {
  if (!tests) return null;
  if (tests.running) return badge('busy', 'flask', 'running', `Tests running: ${tests.command}`);
  const bad = tests.failed > 0 || tests.exitCode > 0;
  const text = bad ? (tests.failed > 0 ? `${tests.failed} failed` : `exit ${tests.exitCode}`) : tests.passed > 0 ? `${tests.passed} ok` : 'ok';
  return badge(bad ? 'bad' : 'good', 'flask', text, `Tests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
}

export function alertBadge(session) {
  const n = alertCount(session);
  if (!n) return null;
  const { critical = 0, error = 0, warn = 0 } = session.alerts;
  const tone = critical || error ? 'bad' : warn ? 'warn' : 'idle';
  return badge(tone, 'bell', n, `${n} ${n === 1 ? 'alert' : 'alerts'}${critical ? `, ${critical} critical` : ''}${error ? `, ${error} error` : ''}${warn ? `, ${warn} warning` : ''}`);
}
