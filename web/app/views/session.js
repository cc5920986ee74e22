// One session: its terminal, and beside it everything that is known of it.

import { computed, h, onBeforeUnmount, onMounted, reactive, ref, shallowRef, watch } from '/vendor/vue.js';
import * as api from '../api.js';
import { copy } from '../clipboard.js';
import { ApprovalCard } from '../components/approval-card.js';
import { Ago, Lasting } from '../components/ago.js';
import { icon } from '../components/icons.js';
import { alertsPanel, evidencePanel, factsPanel, filesPanel, reportsPanel, StateBar, testsPanel, timelinePanel, usagePanel } from '../components/session-panels.js';
import { sessionMark } from '../components/state-mark.js';
import { TerminalPane } from '../components/terminal-pane.js';
import { joinArgv } from '../lib/argv.js';
import { evidenceInWords, isOurs, labelOf, projectOf, resultOf, shortId, targetOf, terminalOf } from '../lib/states.js';
import { connection } from '../live.js';
import { toast } from '../notices.js';
import { markSeen } from '../prefs.js';
import { to } from '../router.js';
import { approvals, noteAlert, noteApproval, sessions, watchDetails } from '../store.js';
import { token } from '../token.js';

const REFETCH_MS = 400;

// Of a session that is not ours, only what was heard of is worth a panel.
const known = (session, fact) => (isOurs(session) || fact ? true : null);

export const SessionView = {
  props: { id: String },
  setup(props) {
    const detail = shallowRef(null);
    const reported = shallowRef(null);
    const view = reactive({ error: null, missing: false, tab: 'terminal', busy: null, sure: false });
    const pane = ref(null);
    let unwatch = null;
    let timer = null;
    let lastFetch = 0;
    let alive = true;

    // The address may hold a name or the beginning of an id; the daemon's answer has the id itself.
    const id = computed(() => detail.value?.id);
    // The list is told of changes sooner than details can be fetched, so its fields win.
    const session = computed(() => {
      if (!detail.value) return null;
      const listed = sessions.get(detail.value.id);
      return listed && listed.lastActivityAt >= detail.value.lastActivityAt ? { ...detail.value, ...listed } : detail.value;
    });

    const load = async () => {
      clearTimeout(timer);
      timer = null;
      lastFetch = Date.now();
      try {
        const answer = await api.session(detail.value?.id ?? props.id);
        if (!alive) return;
        detail.value = answer;
        Object.assign(view, { error: null, missing: false });
        for (const approval of answer.approvals ?? []) noteApproval(approval, answer.id);
        for (const alert of answer.alertList ?? []) noteAlert({ ...alert, sessionId: answer.id });
        // Where there is no screen, what is known comes first.
        if (!unwatch && !isOurs(answer)) view.tab = 'details';
        if (!answer.live) markSeen(answer.id);
        // Only where agents report is there more to tell; to know it is worth a question, not an error.
        if (answer.activity) api.why(answer.id).then((why) => { reported.value = why.reported ?? null; }, () => {});
        if (!unwatch) unwatch = watchDetails(answer.id, refresh);
      } catch (error) {
        if (!alive) return;
        view.error = error;
        view.missing = error.status === 404;
        if (!view.missing && error.status === 0) timer = setTimeout(load, 2000);
      }
    };
    const refresh = () => {
      if (timer !== null) return;
      timer = setTimeout(load, Math.max(50, lastFetch + REFETCH_MS - Date.now()));
    };
    watch(() => connection.phase, (phase, before) => { if (phase === 'live' && before !== 'live') refresh(); });
    watch(() => session.value && !session.value.live, (over) => { if (over) { markSeen(id.value); refresh(); } });

    const onKey = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.matches?.('input, textarea, select, dialog *')) return;
      if (event.key === 't' && session.value?.live && isOurs(session.value)) {
        event.preventDefault();
        view.tab = 'terminal';
        pane.value?.focus();
      }
    };
    onMounted(() => {
      addEventListener('keydown', onKey);
      load();
    });
    onBeforeUnmount(() => {
      alive = false;
      clearTimeout(timer);
      unwatch?.();
      removeEventListener('keydown', onKey);
    });

    const act = async (word, work, done) => {
      view.busy = word;
      try {
        await work();
        if (done) toast({ title: done });
      } catch (error) {
        toast({ tone: 'bad', title: `${word}: not done`, text: error.message });
      }
      view.busy = null;
      view.sure = false;
      refresh();
    };

    const button = (word, title, disabled, onClick, extra = '') => h('button', { class: `button ${extra}`, type: 'button', title, disabled: disabled || view.busy !== null || connection.phase === 'offline', onClick }, word);

    const download = async (event, s) => {
      // With a token the browser's own download would be refused, for it cannot send one.
      if (!token.value) return;
      event.preventDefault();
      try {
        const url = URL.createObjectURL(await api.recording(s.id));
        const link = Object.assign(document.createElement('a'), { href: url, download: `${labelOf(s)}.cast` });
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
      } catch (error) {
        toast({ tone: 'bad', title: 'Download failed', text: error.message });
      }
    };

    // What a person at this machine can type to get to a session that is not ours.
    const wayTo = (s) => {
      const pane = terminalOf(s)?.pane;
      // A pane's number, as %3, belongs to the server that gave it, which only its own clients can ask.
      if (pane && !pane.startsWith('%')) return `tmux attach -t ${joinArgv([`=${pane.replace(/:[^:]*$/, '')}`])}`;
      return `drover where ${joinArgv([projectOf(s)?.path ?? '.'])}`;
    };

    const otherActions = (s) => h('div', { class: 'actions', role: 'group', 'aria-label': 'Session' }, s.origin === 'chat'
      ? h('a', { class: 'button primary', href: to.chat(s.id) }, 'Open the chat')
      : h('button', { class: 'button quiet', type: 'button', title: `Copy: ${wayTo(s)}`, onClick: () => copy(wayTo(s), 'Command') }, [icon('copy'), 'Command that leads there']));

    const actions = (s) => {
      if (!isOurs(s)) return otherActions(s);
      const stopping = s.state === 'STOPPING';
      const accepts = s.state === 'RUNNING' || s.state === 'WAITING_FOR_APPROVAL';
      const target = targetOf(s);
      const attach = target?.pane ? `tmux attach -t ${joinArgv([`=${target.session}`])}` : `drover attach ${s.name ?? shortId(s.id)}`;
      return h('div', { class: 'actions', role: 'group', 'aria-label': 'Session' }, [
        s.live ? [
          target?.headless
            ? button('Interrupt', 'SIGINT', !accepts, () => act('Interrupt', () => api.signal(s.id, 'SIGINT')))
            : button('Interrupt', 'Send Ctrl-C', !accepts, () => act('Interrupt', () => api.input(s.id, '\x03'))),
          s.state === 'PAUSED_BY_HUMAN'
            ? button('Resume', 'Let it go on', false, () => act('Resume', () => api.resume(s.id)))
            : button('Pause', 'Hold it where it is', !accepts, () => act('Pause', () => api.pause(s.id))),
          button('Stop', 'Ask it to end; after a second it is killed', stopping, () => act('Stop', () => api.stop(s.id), 'Stopping')),
          h('button', {
            class: ['button', view.sure ? 'bad sure' : 'bad'], type: 'button', disabled: view.busy !== null || connection.phase === 'offline', title: 'SIGKILL, at once',
            onClick: () => {
              // A kill cannot be taken back, so it takes two presses.
              if (view.sure) act('Kill', () => api.signal(s.id, 'SIGKILL'), 'Killed');
              else {
                view.sure = true;
                setTimeout(() => { view.sure = false; }, 4000);
              }
            },
            onBlur: () => { view.sure = false; },
          }, view.sure ? 'Really kill?' : 'Kill'),
        ] : s.command ? h('a', { class: 'button', href: to.start({ kind: 'command', line: joinArgv(s.command.argv), cwd: s.command.cwd, name: s.name ?? '' }), title: 'Start the same command again' }, 'Run again…') : null,
        h('span', { class: 'divider', 'aria-hidden': 'true' }),
        s.live && !target?.headless ? h('button', { class: 'button quiet', type: 'button', title: `Copy: ${attach}`, onClick: () => copy(attach, 'Attach command') }, [icon('copy'), h('span', { class: 'wide' }, 'Attach command')]) : null,
        h('a', { class: 'button quiet', href: api.recordingPath(s.id), download: `${labelOf(s)}.cast`, title: 'Download the recording (asciicast)', onClick: (event) => download(event, s) }, [icon('download'), h('span', { class: 'wide' }, 'Recording')]),
      ]);
    };

    const ending = (s) => {
      if (s.live) return null;
      const bad = s.state === 'FAILED';
      const result = resultOf(s);
      return h('div', { class: ['ending', bad ? 'tone-bad' : 'tone-done'] }, [
        icon(bad ? 'cross' : 'check'),
        h('span', [
          h('strong', bad ? 'Failed' : 'Completed'),
          result ? ` with ${result}` : '',
          s.startedAt && s.endedAt ? [' after ', h(Lasting, { from: s.startedAt, until: s.endedAt })] : '',
          s.endedAt ? [', ', h(Ago, { at: s.endedAt, suffix: ' ago' })] : '',
          s.errorMessage ? h('span', { class: 'ending-message' }, evidenceInWords(s.errorMessage)) : s.evidence?.reason ? h('span', { class: 'ending-message' }, evidenceInWords(s.evidence.reason)) : null,
        ]),
      ]);
    };

    return () => {
      const s = session.value;
      if (!s) {
        return h('main', { id: 'main', class: 'page', tabindex: -1 }, h('div', { class: 'empty' }, view.missing
          ? [h('h1', 'No such session'), h('p', ['There is no session ', h('code', props.id), '. It may have been removed.']), h('a', { class: 'button', href: to.fleet() }, 'To the fleet')]
          : view.error ? [h('h1', view.error.code === 'AMBIGUOUS_ID' ? 'More than one session begins like this' : 'Cannot show the session'), h('p', view.error.message),
              view.error.details?.matches ? h('ul', { class: 'commands' }, view.error.details.matches.map((match) => h('li', h('a', { href: to.session(match) }, match)))) : null]
          : h('p', 'Loading…')));
      }
      const label = labelOf(s);
      const pending = (s.pendingApprovals ?? []).map((approvalId) => ({ approvalId, approval: approvals.get(approvalId) ?? s.approvals?.find((a) => a.approvalId === approvalId) }));
      const hasTerminal = s.terminal && isOurs(s);
      const project = projectOf(s);
      const seat = terminalOf(s);
      const tab = (name, word, count) => h('button', { type: 'button', 'aria-pressed': view.tab === name, onClick: () => { view.tab = name; } }, [word, count ? h('span', { class: 'count' }, count) : null]);
      return h('main', { id: 'main', class: ['session', `tab-${view.tab}`], tabindex: -1 }, [
        h('div', { class: 'session-head' }, [
          h('div', { class: 'session-title' }, [
            h('a', { class: 'plain back', href: to.fleet(), 'aria-label': 'Back to the fleet', title: 'Back to the fleet (g)' }, icon('back')),
            h('h1', label),
            sessionMark(s),
            s.title && s.title !== label ? h('span', { class: 'title' }, s.title) : null,
          ]),
          h('p', { class: 'session-sub' }, [
            s.agent ? h('span', s.agent) : null,
            isOurs(s) ? null : h('span', s.origin),
            seat ? h('span', ['in ', h('code', seat.words)]) : null,
            project ? h('span', { title: project.path }, project.name) : null,
            targetOf(s) ? h('span', { title: 'It goes on when the daemon ends' }, targetOf(s).headless ? 'headless' : ['in ', h('code', `tmux ${targetOf(s).pane}`)]) : null,
            h('span', ['active ', h(Ago, { at: s.lastActivityAt, suffix: ' ago' })]),
            s.startedAt ? h('span', [s.live ? 'up ' : 'ran ', h(Lasting, { from: s.startedAt, until: s.endedAt })]) : null,
            h('code', { class: 'faint wide' }, shortId(s.id)),
          ]),
          actions(s),
        ]),
        h(StateBar, { session: s }),
        h('div', { class: 'tabs segments', role: 'group', 'aria-label': 'Part of the session' }, [tab('terminal', isOurs(s) ? 'Terminal' : 'Where it is'), tab('details', 'Details', (s.alertList ?? []).length || null)]),
        h('div', { class: 'session-body' }, [
          h('div', { class: 'session-main' }, [
            pending.map(({ approvalId, approval }) => h(ApprovalCard, { key: approvalId, session: s, id: approvalId, approval })),
            ending(s),
            hasTerminal
              ? h(TerminalPane, { key: s.id, ref: pane, session: s })
              : s.origin === 'chat'
                ? h('div', { class: 'no-terminal' }, [h('h2', 'A conversation'), h('p', 'What was said in this session is shown in the chat.'), h('p', h('a', { class: 'button primary', href: to.chat(s.id) }, 'Open the chat'))])
                : h('div', { class: 'no-terminal' }, [
                  h('h2', s.live ? 'No terminal here' : 'It is over'),
                  h('p', 'Somebody started this agent by hand. What its hooks report is shown beside this; its screen, and the way to answer or stop it, are in the terminal it runs in.'),
                  seat ? h('p', ['That is ', h('code', seat.words), '.']) : null,
                  h('p', ['Find it with ', h('code', wayTo(s)), '.']),
                ]),
          ]),
          h('aside', { class: 'side', 'aria-label': 'Details', tabindex: 0 }, [evidencePanel(s), reportsPanel(reported.value), timelinePanel(s), known(s, s.tests) && testsPanel(s), known(s, s.alertList?.length) && alertsPanel(s), known(s, s.filesTouched || s.files?.length) && filesPanel(s), known(s, Object.values(s.usage ?? {}).some((n) => n > 0)) && usagePanel(s), factsPanel(s)]),
        ]),
      ]);
    };
  },
};
