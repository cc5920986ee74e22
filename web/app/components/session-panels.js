// What is known about a session beside its output.

import { h } from '/vendor/vue.js';
import { joinArgv } from '../lib/argv.js';
import { activityOf, evidenceInWords, isOurs, originInWords, projectOf, reportInWords, resultOf, sourceInWords, stateOf, targetOf, terminalOf } from '../lib/states.js';
import { bytes, clock, duration, full } from '../lib/time.js';
import { Ago, Lasting } from './ago.js';
import { icon } from './icons.js';
import { Panel } from './panel.js';
import { sessionMark, stateMark } from './state-mark.js';

const rows = (pairs) => h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== undefined && value !== null && value !== '').flatMap(([term, value]) => [h('dt', term), h('dd', value)]));
const none = (text) => h('p', { class: 'none' }, text);
const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : null);
const mono = (text) => h('code', { class: 'wrap' }, text);

export function evidencePanel(s) {
  const e = s.evidence;
  const report = activityOf(s) ? s.activityEvent ?? e?.event : isOurs(s) ? null : e?.event;
  const told = reportInWords(report);
  const at = (activityOf(s) ? s.activityAt : null) ?? e?.at ?? s.lastActivityAt;
  const when = at ? [', ', h(Ago, { at, suffix: ' ago' })] : null;
  if (!e && !s.activity) return h(Panel, { title: 'Why this state' }, () => none('No evidence is recorded.'));
  return h(Panel, { title: 'Why this state' }, () => [
    h('p', { class: 'why' }, [
      sessionMark(s),
      told ? [` because ${told} (`, mono(report), ')'] : report ?? e ? [' because of ', mono(report ?? e.event ?? 'an event')] : ', as its agent reports',
      e?.source ? [' from ', h('strong', sourceInWords(e.source))] : null, when, '.',
    ]),
    e?.reason ? h('p', { class: 'quote' }, sentence(isOurs(s) ? null : reportInWords(e.reason)) ?? evidenceInWords(e.reason)) : null,
    e ? h('p', { class: 'faint fine' }, [e.rowid !== undefined ? `Journal row ${e.rowid}` : null, e.at ? full(e.at) : null].filter(Boolean).join(' · ')) : null,
  ]);
}

const VERDICTS = { decided: ['it decided', 'good'], overruled: ['overruled', 'idle'], ignored: ['ignored', 'idle'] };

// What was reported lately, and what became of it.
export function reportsPanel(reported) {
  const claims = [reported?.restsOn, ...(reported?.competing ?? [])].filter((claim) => claim?.event);
  if (claims.length === 0) return null;
  return h(Panel, { title: 'Reports', aside: 'of the last minutes' }, () => h('ol', { class: 'plain-list' }, claims.map((claim, i) => {
    const [word, tone] = VERDICTS[claim.verdict] ?? [claim.verdict, 'idle'];
    return h('li', { key: claim.eventId ?? i }, [
      h('div', { class: 'line' }, [h('span', { class: `tone-${tone}` }, sentence(reportInWords(claim.event)) ?? mono(claim.event)), h('span', { class: 'grow' }), claim.at ? h('span', { class: 'faint' }, h(Ago, { at: claim.at, suffix: ' ago' })) : null]),
      h('p', { class: 'faint fine' }, [reportInWords(claim.event) ? mono(claim.event) : '', claim.source ? ` from ${sourceInWords(claim.source)}` : '', word ? ` · ${word}` : '', claim.why ? ` · ${claim.why}` : '']),
    ]);
  })));
}

export function timelinePanel(s) {
  const list = s.timeline ?? [];
  if (list.length === 0 && !isOurs(s)) return null;
  return h(Panel, { title: 'Timeline', aside: list.length ? undefined : 'empty' }, () => h('ol', { class: 'timeline' }, list.map((step, i) => {
    const next = list[i + 1];
    return h('li', { key: `${step.at}-${i}`, class: `tone-${stateOf(step.state).tone}` }, [
      stateMark(step.state),
      h('span', { class: 'grow' }),
      next ? h('span', { class: 'faint' }, duration(next.at - step.at)) : s.live ? h('span', { class: 'faint' }, h(Lasting, { from: step.at })) : null,
      h('time', { class: 'time', title: full(step.at) }, clock(step.at)),
      step.reason ? h('span', { class: 'reason' }, sentence(isOurs(s) ? null : reportInWords(step.reason)) ?? evidenceInWords(step.reason)) : null,
    ]);
  })));
}

// The same as one bar: how long the session was in which state.
export const StateBar = {
  props: { session: Object },
  setup: (props) => () => {
    const list = props.session.timeline ?? [];
    if (list.length < 2) return null;
    const start = list[0].at;
    const end = props.session.endedAt ?? Math.max(list[list.length - 1].at, props.session.lastActivityAt ?? 0);
    const total = Math.max(1, end - start);
    return h('svg', { class: 'state-bar', viewBox: '0 0 1000 6', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'States over time, see the timeline' }, list.map((step, i) => {
      const until = list[i + 1]?.at ?? end;
      const x = ((step.at - start) / total) * 1000;
      const width = Math.max(2, ((until - step.at) / total) * 1000);
      return h('rect', { key: i, class: `fill tone-${stateOf(step.state).tone}`, x, y: 0, width, height: 6 }, h('title', `${stateOf(step.state).word}: ${duration(until - step.at)}`));
    }));
  },
};

export function testsPanel(s) {
  const runs = [...(s.testRuns ?? (s.tests ? [s.tests] : []))].sort((a, b) => b.at - a.at);
  return h(Panel, { title: 'Tests', aside: runs.length ? `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}` : undefined }, () => runs.length ? h('ul', { class: 'plain-list' }, runs.map((run) => h('li', { key: run.at, class: 'test-run' }, [testRun(run)]))) : none('No test run seen.'));
}

export function testRun(run) {
  const bad = run.failed > 0 || run.exitCode > 0;
  const total = run.passed + run.failed + run.skipped;
  const tone = run.running ? 'busy' : bad ? 'bad' : 'good';
  let x = 0;
  const part = (n, t) => {
    if (!n) return null;
    const width = (n / total) * 100;
    const rect = h('rect', { class: `fill tone-${t}`, x, y: 0, width, height: 4 });
    x += width;
    return rect;
  };
  return [
    h('div', { class: 'line' }, [
      h('span', { class: `state tone-${tone}` }, [icon(run.running ? 'half' : bad ? 'cross' : 'check'), h('span', { class: 'word' }, run.running ? 'Running' : bad ? 'Failed' : 'Passed')]),
      h('span', { class: 'grow' }),
      h('span', { class: 'faint' }, [run.durationMs !== undefined ? `${duration(run.durationMs)} · ` : '', h(Ago, { at: run.at, suffix: ' ago' })]),
    ]),
    mono(run.command),
    total ? h('svg', { class: 'ratio', viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, [part(run.passed, 'good'), part(run.failed, 'bad'), part(run.skipped, 'idle')]) : null,
    run.running ? null : h('p', { class: 'counts' }, total ? [h('span', `${run.passed} passed`), h('span', { class: run.failed ? 'tone-bad strong' : 'faint' }, `${run.failed} failed`), h('span', { class: 'faint' }, `${run.skipped} skipped`), run.exitCode ? h('span', { class: 'faint' }, `exit ${run.exitCode}`) : null] : h('span', { class: 'faint' }, run.exitCode === undefined ? 'No counts.' : `exit ${run.exitCode}, no counts`)),
  ];
}

const SEVERITY = { info: ['Info', 'info', 'idle'], warn: ['Warning', 'diamond', 'warn'], error: ['Error', 'cross', 'bad'], critical: ['Critical', 'cross', 'bad'] };

export function alertEntry(alert, where = null) {
  const [word, mark, tone] = SEVERITY[alert.severity] ?? SEVERITY.info;
  return [
    h('div', { class: 'line' }, [
      h('span', { class: `state tone-${tone}` }, [icon(mark), h('span', { class: 'word' }, word)]),
      h('span', { class: 'chip' }, alert.category),
      where,
      h('span', { class: 'grow' }),
      h('span', { class: 'faint' }, h(Ago, { at: alert.at, suffix: ' ago' })),
    ]),
    h('p', { class: 'alert-title' }, alert.title),
    alert.description ? h('p', { class: 'quote' }, alert.description) : null,
  ];
}

export function alertsPanel(s) {
  const list = [...(s.alertList ?? [])].sort((a, b) => b.at - a.at);
  return h(Panel, { title: 'Alerts', aside: list.length ? String(list.length) : undefined }, () => list.length ? h('ul', { class: 'plain-list' }, list.map((a) => h('li', { key: a.alertId }, alertEntry(a)))) : none('None.'));
}

const REASONS = { write: ['W', 'written'], delete: ['D', 'deleted'], read: ['R', 'read'], diff: ['±', 'changed'] };

export function filesPanel(s) {
  const latest = new Map();
  for (const file of [...(s.files ?? [])].sort((a, b) => a.at - b.at)) latest.set(file.path, file);
  const list = [...latest.values()].sort((a, b) => b.at - a.at);
  const d = s.diff;
  return h(Panel, { title: 'Files', aside: s.filesTouched ? `${s.filesTouched} touched` : undefined }, () => [
    d ? h('p', { class: 'diff' }, [h('span', `${d.filesChanged} changed`), h('span', { class: 'tone-good' }, `+${d.linesAdded}`), h('span', { class: 'tone-bad' }, `−${d.linesRemoved}`)]) : null,
    list.length ? h('ul', { class: 'files' }, list.slice(0, 60).map((f) => {
      const [letter, word] = REASONS[f.reason] ?? ['·', f.reason];
      return h('li', { key: f.path }, [h('span', { class: `file-mark reason-${f.reason}`, title: word, 'aria-hidden': 'true' }, letter), h('span', { class: 'path', title: f.path }, [h('bdi', f.path)]), h('span', { class: 'offscreen' }, word), h('span', { class: 'faint' }, h(Ago, { at: f.at }))]);
    })) : none('None seen.'),
    list.length > 60 ? h('p', { class: 'faint fine' }, `and ${list.length - 60} more`) : null,
  ]);
}

export function usagePanel(s) {
  const u = s.usage ?? {};
  return h(Panel, { title: 'Usage' }, () => h('div', { class: 'meters' }, [
    ['Working', u.agentSeconds ? duration(u.agentSeconds * 1000) : '0 s'],
    ['Output', bytes(Math.round((u.terminalKb ?? 0) * 1024))],
    ['Files', u.filesTouched ?? 0],
    ['Commands', u.commandsRun ?? 0],
    ['Approvals', u.approvalsRequested ?? 0],
  ].map(([word, value]) => h('div', { class: 'meter' }, [h('span', { class: 'meter-value' }, value), h('span', { class: 'faint' }, word)]))));
}

export function factsPanel(s) {
  return h(Panel, { title: 'Session' }, () => rows([
    ['Command', s.command ? mono(joinArgv(s.command.argv)) : null],
    ['Directory', s.command?.cwd ? mono(s.command.cwd) : s.observed?.cwd ? mono(s.observed.cwd) : projectOf(s) ? mono(projectOf(s).path) : null],
    ['Project', s.observed?.cwd && projectOf(s) && projectOf(s).path !== s.observed.cwd ? mono(projectOf(s).path) : null],
    ['Agent', s.agentName && s.agentName !== s.agent && s.agentName !== `agent_${s.id}` ? `${s.agent} (${s.agentName})` : s.agent],
    ['Origin', originInWords(s.origin)],
    ['Runs in', terminalOf(s) ? mono(terminalOf(s).words) : null],
    ['Runs', targetOf(s) ? (targetOf(s).headless ? 'without a terminal, under a shim' : ['in the pane ', mono(targetOf(s).pane), ' of tmux, under a shim']) : null],
    ['Tokens', s.tokens?.total ? `${s.tokens.prompt} + ${s.tokens.completion} = ${s.tokens.total}` : null],
    ['Result', s.live || !isOurs(s) ? null : resultOf(s) ?? 'no exit status'],
    ['Started', s.startedAt ? full(s.startedAt) : null],
    ['Ended', s.endedAt ? full(s.endedAt) : null],
    ['Lasted', s.startedAt ? h(Lasting, { from: s.startedAt, until: s.endedAt }) : null],
    ['Process', s.process ? `pid ${s.process.pid}` : null],
    ['Terminal', s.terminal && isOurs(s) ? `${s.terminal.cols}×${s.terminal.rows}, ${bytes(s.terminal.bytes)} recorded` : null],
    ['Id', mono(s.id)],
  ]));
}
