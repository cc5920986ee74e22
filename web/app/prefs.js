// Small things this browser remembers.

import { reactive, watch } from '/vendor/vue.js';

const KEY = 'drover.prefs';
const DEFAULTS = { fit: true, screenReader: false, seen: {}, cwd: '', commands: [] };

export const prefs = reactive({ ...DEFAULTS, ...read() });

watch(prefs, (value) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // Without storage the choices last until the page is reloaded.
  }
});

export const seen = (id) => prefs.seen[id] !== undefined;

// Opening a failed session is what takes it off the list of things that need attention.
export function markSeen(id) {
  if (prefs.seen[id]) return;
  prefs.seen[id] = Date.now();
  const old = Object.entries(prefs.seen).sort((a, b) => b[1] - a[1]).slice(500);
  for (const [key] of old) delete prefs.seen[key];
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
}
