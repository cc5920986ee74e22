// Where the page is, told by the part of the address after '#'. The daemon needs to know one address only.

import { reactive } from '/vendor/vue.js';

export const route = reactive({ name: 'fleet', id: null, query: {} });

export const to = {
  fleet: () => '#/',
  start: (query) => `#/start${query ? `?${new URLSearchParams(query)}` : ''}`,
  alerts: () => '#/alerts',
  chat: (id) => `#/chat${id ? `/${encodeURIComponent(id)}` : ''}`,
  session: (id) => `#/session/${encodeURIComponent(id)}`,
};

export function go(address) {
  location.hash = address;
}

function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [first = '', second = ''] = path.split('/');
  const name = { '': 'fleet', session: 'session', start: 'start', alerts: 'alerts', chat: 'chat' }[first] ?? 'lost';
  let id = null;
  try {
    id = second ? decodeURIComponent(second) : null;
  } catch {
    id = second;
  }
  Object.assign(route, { name: name === 'session' && !id ? 'lost' : name, id, query: Object.fromEntries(new URLSearchParams(query)) });
}

addEventListener('hashchange', read);
read();
