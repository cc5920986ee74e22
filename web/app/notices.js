// Short messages: toasts for the eye, announcements for a screen reader.

import { reactive } from '/vendor/vue.js';

export const toasts = reactive([]);
export const spoken = reactive({ text: '' });

let lastId = 0;

export function toast({ tone = 'info', title, text, href, ms = tone === 'bad' || tone === 'warn' ? 12_000 : 4000 }) {
  const same = toasts.find((t) => t.title === title && t.text === text);
  if (same) dismiss(same.id);
  const id = ++lastId;
  toasts.push({ id, tone, title, text, href });
  while (toasts.length > 4) toasts.shift();
  setTimeout(() => dismiss(id), ms);
}

export function dismiss(id) {
  const index = toasts.findIndex((t) => t.id === id);
  if (index >= 0) toasts.splice(index, 1);
}

// Several changes at once are read as one sentence.
let waiting = [];
export function announce(text) {
  waiting.push(text);
  if (waiting.length > 1) return;
  setTimeout(() => {
    spoken.text = waiting.length > 3 ? `${waiting.slice(-3).join('. ')}, and ${waiting.length - 3} more changes` : waiting.join('. ');
    waiting = [];
  }, 400);
}
