// Every session, those that need a person first.

import { computed, h, nextTick, onBeforeUnmount, onMounted, reactive } from '/vendor/vue.js';
import { ApprovalCard } from '../components/approval-card.js';
import { Ago } from '../components/ago.js';
import { alertBadge, approvalBadge, testBadge } from '../components/badges.js';
import { icon } from '../components/icons.js';
import { sessionMark } from '../components/state-mark.js';
import { arrange, attention, matches } from '../lib/order.js';
import { isBusy, labelOf, originInWords, projectOf, resultOf, targetOf, terminalOf, waitsElsewhere } from '../lib/states.js';
import { now } from '../now.js';
import { seen } from '../prefs.js';
import { to } from '../router.js';
import { fleet, pendingApprovals, sessions } from '../store.js';
import { copy } from '../clipboard.js';

// Kept while one looks at a session, so that coming back shows the same list.
const view = reactive({ filter: '', show: 'all', endedShown: 100, last: null });

const WHY = { waiting: 'waits for you', approval: 'waits for your answer', failed: 'failed', alert: 'raised an alert', tests: 'has failing tests' };

const Row = {
  props: { session: Object, why: Object },
  setup: (props) => () => {
    const s = props.session;
    const label = labelOf(s);
    const result = resultOf(s);
    const target = targetOf(s);
    const bad = s.state === 'FAILED';
    const project = projectOf(s);
    const seat = terminalOf(s);
    const talk = s.origin === 'chat';
    return h('a', { class: ['row', { ended: !s.live, urgent: props.why }], href: talk ? to.chat(s.id) : to.session(s.id), 'data-id': s.id, onFocus: () => { view.last = s.id; } }, [
      h('span', { class: 'c-state' }, sessionMark(s)),
      h('span', { class: 'c-name' }, [
        h('span', { class: 'name' }, label),
        s.title && s.title !== label ? h('span', { class: 'title' }, s.title) : null,
        target ? h('span', { class: 'chip' }, target.headless ? 'headless' : `tmux ${target.pane}`) : seat?.pane ? h('span', { class: 'chip wide' }, `tmux ${seat.pane}`) : null,
        s.origin && s.origin !== 'launched' ? h('span', { class: 'chip', title: originInWords(s.origin) }, s.origin) : null,
        props.why ? h('span', { class: 'offscreen' }, `, ${WHY[props.why.why]}`) : null,
      ]),
      h('span', { class: 'c-agent' }, s.agent ?? (talk ? 'chat' : '')),
      h('span', { class: 'c-project', title: project?.path }, project?.name ?? ''),
      h('span', { class: 'c-badges' }, [approvalBadge(s), alertBadge(s), testBadge(s.tests)]),
      h('span', { class: ['c-result', bad ? 'tone-bad' : 'faint'], title: s.errorMessage }, result ?? (s.live ? '' : bad ? 'failed' : '')),
      h('span', { class: 'c-activity' }, h(Ago, { at: s.live ? s.lastActivityAt : s.endedAt ?? s.lastActivityAt })),
    ]);
  },
};

export const FleetView = {
  setup() {
    const minute = computed(() => Math.floor(now.value / 60_000) * 60_000);
    const groups = computed(() => {
      const chosen = [];
      for (const s of sessions.values()) {
        if (view.show === 'live' && !s.live) continue;
        if (view.show === 'ended' && s.live) continue;
        if (matches(s, view.filter)) chosen.push(s);
      }
      return arrange(chosen, minute.value, seen);
    });
    const counts = computed(() => {
      const out = { live: 0, ended: 0, all: sessions.size, running: 0, waiting: 0, failed: 0 };
      for (const s of sessions.values()) {
        out[s.live ? 'live' : 'ended'] += 1;
        if (isBusy(s)) out.running += 1;
        if (s.pendingApprovals?.length || waitsElsewhere(s)) out.waiting += 1;
        if (s.state === 'FAILED' && attention(s, minute.value, seen)) out.failed += 1;
      }
      return out;
    });

    const rowsOnPage = () => [...document.querySelectorAll('a.row')];
    const move = (step) => {
      const all = rowsOnPage();
      if (!all.length) return;
      let at = all.indexOf(document.activeElement);
      if (at < 0) at = all.findIndex((row) => row.dataset.id === view.last) - (step > 0 ? 1 : -1);
      const next = all[Math.max(0, Math.min(all.length - 1, at + step))] ?? all[0];
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    };
    const onKey = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.matches?.('input, textarea, select, dialog *');
      if (event.target.id === 'filter' && (event.key === 'ArrowDown' || event.key === 'Enter')) {
        event.preventDefault();
        rowsOnPage()[0]?.focus();
      } else if (event.target.id === 'filter' && event.key === 'Escape') {
        view.filter = '';
        event.target.blur();
      } else if (typing) {
        return;
      } else if (event.key === 'j' || event.key === 'ArrowDown') {
        event.preventDefault();
        move(1);
      } else if (event.key === 'k' || event.key === 'ArrowUp') {
        event.preventDefault();
        move(-1);
      } else if (event.key === '/') {
        event.preventDefault();
        document.getElementById('filter')?.focus();
      } else if (event.key === 'Escape') {
        view.filter = '';
      }
    };
    onMounted(() => {
      addEventListener('keydown', onKey);
      // Back from a session: the focus returns to where it was.
      nextTick(() => rowsOnPage().find((row) => row.dataset.id === view.last)?.focus({ preventScroll: false }));
    });
    onBeforeUnmount(() => removeEventListener('keydown', onKey));

    const group = (title, items, tone, more = null) => items.length ? h('section', { class: 'group', 'aria-label': title }, [
      h('h2', { class: ['group-title', tone] }, [title, h('span', { class: 'count' }, items.length)]),
      h('ul', { class: 'rows' }, (more ? items.slice(0, more) : items).map(({ session, why }) => h('li', { key: session.id }, h(Row, { session, why })))),
      more && items.length > more ? h('button', { class: 'button small more', onClick: () => { view.endedShown += 200; } }, `Show ${Math.min(200, items.length - more)} more of ${items.length - more}`) : null,
    ]) : null;

    const segment = (value, word) => h('button', { type: 'button', 'aria-pressed': view.show === value, onClick: () => { view.show = value; } }, [word, h('span', { class: 'count' }, counts.value[value])]);

    return () => {
      const { urgent, live, ended } = groups.value;
      const asking = pendingApprovals.value.filter(({ session }) => matches(session, view.filter));
      const c = counts.value;
      const nothing = urgent.length + live.length + ended.length === 0;
      return h('main', { id: 'main', class: 'page fleet', tabindex: -1 }, [
        h('div', { class: 'page-head' }, [
          h('h1', 'Fleet'),
          h('p', { class: 'summary', 'aria-live': 'off' }, fleet.loaded ? [
            h('span', `${c.running} running`),
            c.waiting ? h('span', { class: 'tone-warn' }, `${c.waiting} ${c.waiting === 1 ? 'waits' : 'wait'} for you`) : null,
            c.failed ? h('span', { class: 'tone-bad' }, `${c.failed} failed`) : null,
          ] : null),
          h('span', { class: 'grow' }),
          h('div', { class: 'segments', role: 'group', 'aria-label': 'Which sessions' }, [segment('all', 'All'), segment('live', 'Live'), segment('ended', 'Ended')]),
          h('div', { class: 'search' }, [
            icon('search'),
            h('label', { class: 'offscreen', for: 'filter' }, 'Filter sessions'),
            h('input', { id: 'filter', class: 'field', type: 'search', placeholder: 'Filter', autocomplete: 'off', spellcheck: false, value: view.filter, onInput: (event) => { view.filter = event.target.value; } }),
            h('kbd', { 'aria-hidden': 'true' }, '/'),
          ]),
        ]),
        asking.length ? h('section', { class: 'inbox', 'aria-label': 'Pending approvals' }, asking.map(({ session, id, approval }) => h(ApprovalCard, { key: id, session, id, approval, linked: true }))) : null,
        nothing ? null : h('div', { class: 'row row-head', 'aria-hidden': 'true' }, ['State', 'Session', 'Agent', 'Project', '', 'Result', 'Active'].map((word, i) => h('span', { class: ['c-state', 'c-name', 'c-agent', 'c-project', 'c-badges', 'c-result', 'c-activity'][i] }, word))),
        group('Needs attention', urgent, 'tone-warn'),
        group('Live', live, ''),
        group('Ended', ended, '', view.endedShown),
        nothing ? empty(c.all) : null,
        fleet.daemon ? h('footer', { class: 'page-foot' }, `Daemon ${fleet.daemon.version} · pid ${fleet.daemon.pid} · ${c.all} ${c.all === 1 ? 'session' : 'sessions'}${fleet.total > c.all ? ` of ${fleet.total}` : ''}`) : null,
      ]);
    };
  },
};

function empty(all) {
  if (!fleet.loaded) return h('div', { class: 'empty' }, fleet.error ? [h('h2', 'No answer from the daemon'), h('p', `${fleet.error}. This page fills as soon as it is back.`)] : h('p', 'Loading…'));
  if (all > 0) return h('div', { class: 'empty' }, [h('h2', 'Nothing matches'), h('p', 'Try other words, or look at all sessions.'), h('button', { class: 'button', onClick: () => { view.filter = ''; view.show = 'all'; } }, 'Show all')]);
  const command = (text, what) => h('li', [h('code', text), h('button', { class: 'plain', 'aria-label': `Copy: ${text}`, onClick: () => copy(text, 'Command') }, icon('copy')), h('span', { class: 'faint' }, what)]);
  return h('div', { class: 'empty' }, [
    h('h2', 'No sessions yet'),
    h('p', 'Drover shows what runs, and what it asks of you. Start something in a terminal, and it appears here at once:'),
    h('ul', { class: 'commands' }, [
      command('drover run --name build -- make', 'run any command and watch it'),
      command('drover run --agent claude_code -- claude', 'run an agent'),
      command('drover hooks install', 'see agents that you start yourself'),
    ]),
    h('p', ['Or ', h('a', { href: to.start() }, 'start a session here'), ', for example the ', h('a', { href: to.start({ kind: 'mock' }) }, 'practice session'), ' that shows every kind of event.']),
  ]);
}
