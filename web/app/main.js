// Puts the page together: bar, banner, the view the address names, messages, and the keys that work everywhere.

import { createApp, h, nextTick, ref, watch, watchEffect } from '/vendor/vue.js';
import { ConfirmDialog } from './components/confirm.js';
import { ConnectionBanner } from './components/connection.js';
import { Help } from './components/help.js';
import { Toasts } from './components/toasts.js';
import { TokenPrompt } from './components/token-prompt.js';
import { TopBar } from './components/topbar.js';
import { connection } from './live.js';
import { labelOf } from './lib/states.js';
import { go, route, to } from './router.js';
import { needing, sessions } from './store.js';
import { wanted } from './token.js';
import { AlertsView } from './views/alerts.js';
import { ChatView } from './views/chat.js';
import { FleetView } from './views/fleet.js';
import { SessionView } from './views/session.js';
import { StartView } from './views/start.js';

const Lost = { setup: () => () => h('main', { id: 'main', class: 'page', tabindex: -1 }, h('div', { class: 'empty' }, [h('h1', 'Nothing here'), h('a', { class: 'button', href: to.fleet() }, 'To the fleet')])) };
const VIEWS = { fleet: FleetView, start: StartView, alerts: AlertsView, chat: ChatView, session: SessionView, lost: Lost };

// What is one view; within it, going from one thing to the next moves neither the page nor the focus.
const placeOf = ({ name, id }) => (name === 'chat' ? name : `${name}/${id}`);

const App = {
  setup() {
    const help = ref(false);

    addEventListener('keydown', (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.matches?.('input, textarea, select, dialog, dialog *')) return;
      const action = { '?': () => { help.value = !help.value; }, n: () => go(to.start()), g: () => go(to.fleet()), a: () => go(to.alerts()), c: () => go(to.chat()) }[event.key];
      if (action) {
        event.preventDefault();
        action();
      }
    });

    // A new view begins at its top, and a screen reader hears where it is, unless the view placed the focus itself.
    watch(() => placeOf(route), async () => {
      await nextTick();
      scrollTo(0, 0);
      const main = document.getElementById('main');
      if (main && !main.contains(document.activeElement)) {
        const first = main.querySelector('[autofocus]');
        (first ?? main).focus({ preventScroll: true });
      }
    }, { flush: 'post', immediate: true });

    watchEffect(() => {
      const s = route.name === 'session' ? sessions.get(route.id) : null;
      const where = s ? `${labelOf(s)} · ` : { start: 'New session · ', alerts: 'Alerts · ', chat: 'Chat · ' }[route.name] ?? '';
      const count = needing.value.length ? `(${needing.value.length}) ` : '';
      document.title = `${connection.phase === 'offline' ? '⚠ ' : count}${where}Drover`;
    });

    return () => [
      h('a', { class: 'skip', href: '#main', onClick: (event) => { event.preventDefault(); document.getElementById('main')?.focus(); } }, 'Skip to content'),
      h(TopBar, { onHelp: () => { help.value = true; } }),
      h(ConnectionBanner),
      wanted.value ? h(TokenPrompt) : h(VIEWS[route.name], { key: placeOf(route), ...(route.name === 'session' || route.name === 'chat' ? { id: route.id } : {}) }),
      h(Toasts),
      h(ConfirmDialog),
      help.value ? h(Help, { onClose: () => { help.value = false; } }) : null,
    ];
  },
};

createApp(App).mount('#app');
