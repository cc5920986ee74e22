// The daemon's time, ticking. Ages are differences between the daemon's stamps and "now", so a browser whose clock is
// off would show nonsense; a noticeable difference is measured and taken into account.

import { ref } from '/vendor/vue.js';

let skew = 0;

export const daemonNow = () => Date.now() + skew;
export const now = ref(Date.now());

export function noteServerTime(date) {
  const server = date ? Date.parse(date) : NaN;
  if (Number.isNaN(server)) return;
  // The header has whole seconds, so small differences are noise.
  const difference = server + 500 - Date.now();
  skew = Math.abs(difference) > 3000 ? difference : 0;
}

const tick = () => { if (!document.hidden) now.value = daemonNow(); };
setInterval(tick, 1000);
document.addEventListener('visibilitychange', tick);
