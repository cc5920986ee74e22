// The bar at the top: where one is, where one can go, and whether what one sees is live.

import { h } from '/vendor/vue.js';
import { needing, recentAlerts } from '../store.js';
import { route, to } from '../router.js';
import { ConnectionPill } from './connection.js';
import { icon } from './icons.js';

export const TopBar = {
  emits: ['help'],
  setup: (props, { emit }) => () => {
    const link = (name, href, text, count, spoken) => h('a', { href, class: 'nav', 'aria-current': route.name === name ? 'page' : undefined }, [
      text,
      count ? h('span', { class: 'count' }, [count, h('span', { class: 'offscreen' }, spoken)]) : null,
    ]);
    return h('header', { class: 'topbar' }, [
      h('a', { class: 'brand', href: to.fleet(), 'aria-label': 'Drover, home' }, [h('span', { class: 'brand-mark' }, icon('logo')), h('span', { class: 'brand-word' }, 'Drover')]),
      h('nav', { 'aria-label': 'Main' }, [
        link('fleet', to.fleet(), 'Fleet', needing.value.length, ' need attention'),
        link('alerts', to.alerts(), 'Alerts', recentAlerts.value, ' in the last day'),
        link('chat', to.chat(), 'Chat'),
      ]),
      h('span', { class: 'grow' }),
      h(ConnectionPill),
      h('button', { class: 'plain help-button', 'aria-label': 'Keyboard and help', title: 'Keyboard and help (?)', onClick: () => emit('help') }, '?'),
      h('a', { class: 'button primary', href: to.start(), title: 'New session (n)' }, [icon('plus'), h('span', { class: 'wide' }, 'New session'), h('span', { class: 'narrow' }, 'New')]),
    ]);
  },
};
