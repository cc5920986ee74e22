// Keeps what a socket sends below the daemon's limit of 100 events in 10 seconds.
// Single keystrokes leave at once; a held-down key or a mouse dragged over a program is merged into fewer messages.

export class Pacer {
  constructor({ windowMs = 10_000, burst = 50, spacingMs = 250 } = {}) {
    this.windowMs = windowMs;
    this.burst = burst;
    this.spacingMs = spacingMs;
    this.sent = [];
  }

  // Milliseconds to wait before the next message may leave.
  delay(now) {
    while (this.sent.length && this.sent[0] <= now - this.windowMs) this.sent.shift();
    if (this.sent.length < this.burst) return 0;
    return Math.max(0, this.sent[this.sent.length - 1] + this.spacingMs - now);
  }

  note(now) {
    this.sent.push(now);
  }
}

// Cuts text into pieces of at most `limit` UTF-16 units without tearing a surrogate pair.
export function pieces(text, limit) {
  const out = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + limit, text.length);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to -= 1;
    out.push(text.slice(from, to));
    from = to;
  }
  return out;
}
