// Alerts of all sessions, newest first.

import { computed, h, reactive, watch } from '/vendor/vue.js';
import * as api from '../api.js';
import { testRun, alertEntry } from '../components/session-panels.js';
import { labelOf } from '../lib/states.js';
import { to } from '../router.js';
import { alertCount, alerts, fleet, noteAlert, sessions } from '../store.js';

const SEVERITIES = [['all', 'All'], ['critical', 'Critical'], ['error', 'Errors'], ['warn', 'Warnings'], ['info', 'Info']];
const LOAD_AT_MOST = 60;
const loaded = new Map(); // session id -> how many alerts it had when its details were fetched

export const AlertsView = {
  setup() {
    const view = reactive({ severity: 'all', loading: false });

    // Older alerts are part of a session's details; only sessions that have some are asked.
    const load = async () => {
      if (view.loading) return;
      view.loading = true;
      const wanted = [...sessions.values()]
        .filter((s) => alertCount(s) > 0 && loaded.get(s.id) !== alertCount(s))
        .sort((a, b) => b.lastActivityAt - a.lastActivityAt).slice(0, LOAD_AT_MOST);
      const worker = async () => {
        for (let s = wanted.shift(); s; s = wanted.shift()) {
          try {
            loaded.set(s.id, alertCount(s));
            for (const alert of (await api.session(s.id)).alertList) noteAlert({ ...alert, sessionId: s.id });
          } catch {
            loaded.delete(s.id);
          }
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      view.loading = false;
    };
    watch(() => fleet.at, load, { immediate: true });

    const list = computed(() => [...alerts.values()].filter((a) => view.severity === 'all' || a.severity === view.severity).sort((a, b) => b.at - a.at));
    const counts = computed(() => {
      const out = { all: alerts.size };
      for (const a of alerts.values()) out[a.severity] = (out[a.severity] ?? 0) + 1;
      return out;
    });
    const testing = computed(() => [...sessions.values()].filter((s) => s.tests).sort((a, b) => b.tests.at - a.tests.at).slice(0, 20));

    return () => h('main', { id: 'main', class: 'page', tabindex: -1 }, [
      h('div', { class: 'page-head' }, [
        h('h1', 'Alerts'),
        h('span', { class: 'grow' }),
        h('div', { class: 'segments', role: 'group', 'aria-label': 'Severity' }, SEVERITIES.map(([value, word]) => h('button', { type: 'button', 'aria-pressed': view.severity === value, onClick: () => { view.severity = value; } }, [word, counts.value[value] ? h('span', { class: 'count' }, counts.value[value]) : null]))),
      ]),
      h('div', { class: 'two' }, [
        list.value.length ? h('ul', { class: 'cards', 'aria-label': 'Alerts' }, list.value.slice(0, 300).map((a) => {
          const s = sessions.get(a.sessionId);
          return h('li', { key: a.alertId, class: `card severity-${a.severity}` }, alertEntry(a, s ? h('a', { href: to.session(s.id) }, labelOf(s)) : null));
        })) : h('div', { class: 'empty small-empty' }, [h('h2', view.loading ? 'Loading…' : 'No alerts'), h('p', 'Failing tests and builds, blocked commands, secrets in output and silent sessions show up here.')]),
        h('section', { class: 'tests-aside', 'aria-labelledby': 'tests-title' }, [
          h('h2', { id: 'tests-title', class: 'group-title' }, 'Latest tests'),
          testing.value.length ? h('ul', { class: 'cards' }, testing.value.map((s) => h('li', { key: s.id, class: 'card' }, [h('a', { class: 'card-link', href: to.session(s.id) }, labelOf(s)), testRun(s.tests)]))) : h('p', { class: 'none' }, 'No test run seen.'),
        ]),
      ]),
    ]);
  },
};
