// The answer of POST /api/chat: bytes in whatever pieces, events out, nothing lost and nothing invented.
//
// Two layers. EventStreamParser knows the format of event streams; ChatStream knows what a chat promises about the order
// and the shape of its events. Both work on bytes, so that a cut inside a character or between CR and LF is no cut at all.

const LF = 10;
const CR = 13;

export class StreamError extends Error {
  constructor(message) {
    super(message);
    this.code = 'SSE_PROTOCOL_ERROR';
  }
}

export class EventStreamParser {
  // `limit` bounds one event, in bytes.
  constructor({ limit = 16 << 20 } = {}) {
    this.limit = limit;
    this.decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    this.line = []; // pieces of the line that has begun
    this.size = 0; // bytes of the event so far
    this.first = true;
    this.afterCR = false;
    this.name = '';
    this.data = null; // lines; null while there was none
  }

  // Returns the events that these bytes complete.
  feed(bytes) {
    const events = [];
    let from = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (byte === LF && this.afterCR) {
        // The second half of a line end whose first half has already counted.
        this.afterCR = false;
        from = i + 1;
      } else if (byte === LF || byte === CR) {
        this.#add(bytes.subarray(from, i));
        const event = this.#endLine();
        if (event) events.push(event);
        this.afterCR = byte === CR;
        from = i + 1;
      } else {
        this.afterCR = false;
      }
    }
    this.#add(bytes.subarray(from));
    return events;
  }

  #add(piece) {
    if (piece.length === 0) return;
    this.size += piece.length;
    if (this.size > this.limit) throw new StreamError(`One event is larger than ${this.limit} bytes`);
    // Kept, so it must not be a view of a buffer that its owner fills again.
    this.line.push(piece.slice());
  }

  #endLine() {
    const text = this.#takeLine();
    if (text === '') return this.#dispatch();
    if (text[0] === ':') {
      // Comments keep a line alive and belong to no event.
      if (this.data === null) this.size = 0;
      return null;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    let value = colon < 0 ? '' : text.slice(colon + 1);
    if (value[0] === ' ') value = value.slice(1);
    if (field === 'event') this.name = value;
    else if (field === 'data') (this.data ??= []).push(value);
    return null;
  }

  #takeLine() {
    let text = '';
    try {
      for (const piece of this.line) text += this.decoder.decode(piece, { stream: true });
      text += this.decoder.decode();
    } catch {
      throw new StreamError('The stream is not valid UTF-8');
    }
    this.line = [];
    if (this.first && text[0] === '\ufeff') text = text.slice(1);
    this.first = false;
    return text;
  }

  #dispatch() {
    const event = this.data === null ? null : { name: this.name || 'delta', data: this.data.join('\n') };
    this.name = '';
    this.data = null;
    this.size = 0;
    return event;
  }
}

const text = (value) => typeof value === 'string';

const SHAPES = {
  session: (d) => text(d.session_id),
  tool_call: (d) => text(d.id) && text(d.name) && text(d.output) && typeof d.is_error === 'boolean',
  done: (d) => text(d.session_id),
  error: (d) => text(d.message),
};

export class ChatStream {
  constructor(options) {
    this.parser = new EventStreamParser(options);
    this.begun = false;
    this.over = false; // a terminal event was seen; whatever follows is ignored
  }

  // Returns `{event, data}` for each event: `data` is text for a delta and an object for the others.
  feed(bytes) {
    if (this.over) return [];
    const out = [];
    for (const { name, data } of this.parser.feed(bytes)) {
      if (name !== 'delta' && !Object.hasOwn(SHAPES, name)) continue;
      if (!this.begun && name !== 'session') throw new StreamError(`The stream began with "${name}" in place of "session"`);
      this.begun = true;
      out.push({ event: name, data: name === 'delta' ? data : parse(name, data) });
      if (name === 'done' || name === 'error') {
        this.over = true;
        break;
      }
    }
    return out;
  }

  // To be called when the body has ended in good order.
  finish() {
    if (!this.over) throw new StreamError('The stream ended before the answer was complete');
  }
}

function parse(name, data) {
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    throw new StreamError(`The data of "${name}" is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !SHAPES[name](value)) {
    throw new StreamError(`The data of "${name}" is not what was agreed`);
  }
  return value;
}
