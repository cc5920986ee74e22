// Puts the recorded and the live output of one session together without a gap and without a repetition.
//
// The daemon numbers output bytes. A viewer first joins the session (from then on chunks arrive and are kept), then
// fetches what was recorded, and goes on with the chunks that start where the recording ended. A chunk that starts
// later than expected means that chunks were dropped for this viewer; the missing bytes are fetched. After a
// connection was lost the same happens from the last known offset, so the screen continues instead of starting anew.
//
// Nothing here knows of a browser: fetching, writing and waiting are given from outside.

const MAX_QUEUED_BYTES = 4 << 20;

export class OutputStream {
  // fetchRange(from, limit?) -> {offset, end, data: Uint8Array}; a negative `from` counts from the end.
  // write(data, {history}) -> promise, fulfilled once the emulator has taken it
  // reset() clears the emulator; changed() is called whenever a public field changed
  constructor({
    fetchRange, write, reset, changed = () => {}, failed = () => {}, wait = (ms) => new Promise((done) => setTimeout(done, ms)),
    tail = 1 << 20, maxGap = 256 << 10, skipTail = 64 << 10, fillEvery = 500, slice = 4 << 20,
  }) {
    Object.assign(this, { fetchRange, write, reset, changed, failed, wait, tail, maxGap, skipTail, fillEvery, slice });
    this.mode = 'idle'; // idle: nothing shown yet; filling: fetching; live: chunks are written as they come
    this.first = 0; // offset of the oldest byte on the screen
    this.next = null; // offset of the byte wanted next
    this.end = 0; // the largest offset known to exist
    this.skipped = 0; // bytes that were left out to keep up
    this.progress = null; // {done, total} while everything is being loaded
    this.queue = [];
    this.queued = 0;
    this.fills = 0;
    this.epoch = 0;
  }

  close() {
    this.epoch += 1;
    this.mode = 'closed';
    this.queue = [];
  }

  // One `terminal_output` event.
  push(event) {
    if (this.mode === 'closed') return;
    if (this.mode !== 'live') {
      this.#keep(event);
      return;
    }
    if (!this.#apply(event)) {
      this.#keep(event);
      void this.#run((epoch) => this.#fill(epoch, this.skipTail));
    }
  }

  // To be called when the session room was joined, for the first time or again.
  async open() {
    if (this.next === null) return this.#run((epoch) => this.#start(epoch));
    return this.#run((epoch) => this.#fill(epoch, this.tail));
  }

  // Fetches what may still be missing, for example after the end of the session.
  async catchUp() {
    if (this.mode === 'live') return this.#run((epoch) => this.#fill(epoch, this.tail));
  }

  // Shows everything from the first byte on.
  async loadAll() {
    return this.#run(async (epoch) => {
      this.fills += 1;
      this.reset();
      this.first = 0;
      this.next = 0;
      this.skipped = 0;
      for (;;) {
        const part = await this.fetchRange(this.next, this.slice);
        if (epoch !== this.epoch) return;
        this.end = Math.max(this.end, part.end);
        this.next = part.offset + part.data.length;
        await this.write(part.data, { history: true });
        if (epoch !== this.epoch) return;
        this.progress = { done: this.next, total: this.end };
        this.changed();
        if (part.data.length === 0 || this.next >= part.end) break;
      }
      await this.#drain(epoch, this.skipTail);
    });
  }

  async #run(work) {
    const epoch = ++this.epoch;
    this.mode = 'filling';
    this.changed();
    let pause = 500;
    for (;;) {
      try {
        await work(epoch);
        break;
      } catch (error) {
        if (epoch !== this.epoch) return;
        // Retried for as long as nobody opens again: a reconnect does, and then this loop ends.
        if (this.failed(error) === false) { this.mode = 'failed'; this.changed(); return; }
        await this.wait(pause);
        if (epoch !== this.epoch) return;
        pause = Math.min(pause * 2, 8000);
      }
    }
    if (epoch !== this.epoch) return;
    this.progress = null;
    this.mode = 'live';
    this.changed();
  }

  async #start(epoch) {
    this.fills += 1;
    const part = await this.fetchRange(-this.tail);
    if (epoch !== this.epoch) return;
    await this.#show(part);
    await this.#drain(epoch, this.tail);
  }

  // A tail that does not begin at 0 begins anywhere, so up to its first line end it is left out.
  async #show(part) {
    let cut = 0;
    if (part.offset > 0) {
      const lineEnd = part.data.subarray(0, 4096).indexOf(10);
      if (lineEnd >= 0) cut = lineEnd + 1;
    }
    this.first = part.offset + cut;
    this.end = Math.max(this.end, part.end);
    // Before waiting: should a reconnect come in between, it must not fetch and write the same again.
    this.next = part.offset + part.data.length;
    await this.write(part.data.subarray(cut), { history: true });
  }

  async #fill(epoch, tail) {
    this.fills += 1;
    const part = await this.fetchRange(this.next, Math.max(this.maxGap, tail));
    if (epoch !== this.epoch) return;
    if (part.end < this.next) {
      // The recording is shorter than what is on the screen: it is another one. Begin anew.
      this.end = 0;
      this.skipped = 0;
      const all = await this.fetchRange(-this.tail);
      if (epoch !== this.epoch) return;
      this.reset();
      await this.#show(all);
    } else if (part.end - this.next > Math.max(this.maxGap, tail)) {
      const last = await this.fetchRange(-tail);
      if (epoch !== this.epoch) return;
      this.skipped += Math.max(0, last.offset - this.next);
      this.reset();
      await this.#show(last);
    } else {
      this.end = Math.max(this.end, part.end);
      this.next = part.offset + part.data.length;
      await this.write(part.data, { history: false });
    }
    if (epoch !== this.epoch) return;
    await this.#drain(epoch, tail);
  }

  async #drain(epoch, tail) {
    while (this.queue.length) {
      if (epoch !== this.epoch) return;
      const item = this.queue[0];
      if (!this.#apply(item.event, item)) {
        // Output is dropped faster than it is fetched. Slow down rather than chase it.
        item.tries += 1;
        await this.wait(this.fillEvery);
        if (epoch !== this.epoch) return;
        return this.#fill(epoch, Math.min(tail, this.skipTail));
      }
      this.queue.shift();
      this.queued -= item.event.bytes ?? 0;
    }
    this.queued = 0;
  }

  #keep(event) {
    this.queue.push({ event, fills: this.fills, tries: 0 });
    this.queued += event.bytes ?? 0;
    // What is thrown away here shows as a gap later and is then fetched.
    while (this.queued > MAX_QUEUED_BYTES && this.queue.length > 1) this.queued -= this.queue.shift().event.bytes ?? 0;
  }

  // True if the event is dealt with, false if bytes before it are missing. `item` is given for a kept event.
  #apply(event, item = null) {
    if (event.offset === undefined) {
      void this.write(event.data ?? '', { history: false });
      return true;
    }
    // The recording still has what such a marker stands for: one fetch after it settles it.
    if (event.lost) return item !== null && this.fills > item.fills;
    const end = event.offset + (event.bytes ?? 0);
    this.end = Math.max(this.end, end);
    if (end <= this.next) return true;
    // A gap that fetching cannot close is not worth waiting for: the recording may have been trimmed.
    if (event.offset !== this.next && !(item && item.tries >= 3)) return false;
    void this.write(event.data ?? '', { history: false });
    this.next = end;
    return true;
  }
}
