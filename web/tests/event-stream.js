import { ChatStream, EventStreamParser } from '../app/lib/event-stream.js';
import { asFailure, codeOfStatus, refusal } from '../app/lib/failures.js';

const bytes = (text) => new TextEncoder().encode(text);

function join(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}

// Reads the stream in pieces that end at these places.
function read(stream, cuts, make = () => new ChatStream()) {
  const reader = make();
  const out = [];
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    // The buffer is wiped after each piece, as a reader that fills one buffer again and again would.
    const piece = stream.slice(from, to);
    out.push(...reader.feed(piece));
    piece.fill(0);
    from = to;
  }
  reader.finish?.();
  return out;
}

// However the bytes are cut: whole, each alone, in two at every place, and at random.
function whatever(stream, expected, make) {
  same(read(stream, [], make), expected);
  same(read(stream, stream.keys(), make), expected);
  for (let cut = 0; cut <= stream.length; cut += 1) same(read(stream, [cut], make), expected);
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 50; round += 1) {
    const cuts = Array.from({ length: 1 + random() * 8 }, () => Math.floor(random() * stream.length)).sort((a, b) => a - b);
    same(read(stream, cuts, make), expected);
  }
}

function fails(work, wanted = 'SSE_PROTOCOL_ERROR') {
  let error = null;
  try { work(); } catch (thrown) { error = thrown; }
  same(error?.code, wanted);
}

const SESSION = 'event: session\ndata: {"session_id":"s"}\n\n';
const DONE = 'event: done\ndata: {"session_id":"s","usage":null,"finish_reason":"stop"}\n\n';
const session = { event: 'session', data: { session_id: 's' } };
const done = { event: 'done', data: { session_id: 's', usage: null, finish_reason: 'stop' } };
const delta = (data) => ({ event: 'delta', data });

test('a turn is read however its bytes are cut', () => {
  const stream = bytes(`${SESSION}event: delta\ndata: Mock respo\n\n: keepalive\n\nevent: delta\ndata: nse to: h\u00fc \u{1f404}\n\n${DONE}`);
  whatever(stream, [session, delta('Mock respo'), delta('nse to: h\u00fc \u{1f404}'), done]);
});

test('all three line ends, and a byte order mark, mean the same', () => {
  const stream = `${SESSION}data: a\ndata: b\n\n${DONE}`;
  const expected = [session, delta('a\nb'), done];
  for (const end of ['\n', '\r\n', '\r']) {
    whatever(bytes(stream.replaceAll('\n', end)), expected);
    whatever(bytes(`\ufeff${stream.replaceAll('\n', end)}`), expected);
  }
  whatever(bytes(`${SESSION.replaceAll('\n', '\r')}data: a\r\ndata: b\n\r\n${DONE}`), expected);
});

test('an event that ends with CR does not wait for what follows', () => {
  const reader = new EventStreamParser();
  same(reader.feed(bytes('data: x\r\r')).length, 1);
  same(reader.feed(bytes('\ndata: y\n\n')), [{ name: 'delta', data: 'y' }]);
});

test('blanks and empty lines of a delta are kept', () => {
  const stream = `${SESSION}event: delta\ndata:  two\ndata: \ndata:three \n\ndata\n\ndata: \n\nevent: delta\n\n${DONE}`;
  whatever(bytes(stream), [session, delta(' two\n\nthree '), delta(''), delta(''), done]);
});

test('text that looks like a keep-alive or a mark inside a text is text', () => {
  whatever(bytes(`${SESSION}data: keepalive \ufeff\ndata:: x\n\n: not this\n${DONE}`), [session, delta('keepalive \ufeff\n: x'), done]);
});

test('unknown events and fields are passed over, and nothing follows the end', () => {
  whatever(bytes(`event: news\ndata: 1\n\nid: 4\nretry: 9\n${SESSION}event: news\ndata: {\n\n${DONE}data: late\n\nevent: done\ndata: {\n\n`), [session, done]);
});

test('an error is an event and not a violation', () => {
  const stream = `${SESSION}event: error\ndata: {"code":"cancelled","message":"stopped"}\n\n`;
  whatever(bytes(stream), [session, { event: 'error', data: { code: 'cancelled', message: 'stopped' } }]);
});

test('a tool call needs all it is made of', () => {
  const call = { id: 'c', name: 'ls', args: {}, output: '', is_error: false };
  const stream = (value) => bytes(`${SESSION}event: tool_call\ndata: ${JSON.stringify(value)}\n\n${DONE}`);
  same(read(stream(call), [])[1], { event: 'tool_call', data: call });
  for (const key of ['id', 'name', 'output', 'is_error']) {
    fails(() => read(stream({ ...call, [key]: undefined }), []));
    fails(() => read(stream({ ...call, [key]: 3 }), []));
  }
});

test('violations are told apart from answers', () => {
  const violations = {
    'no end': SESSION,
    'an end that is cut': `${SESSION}${DONE.slice(0, -1)}`,
    'nothing at all': '',
    'a delta first': `data: x\n\n${SESSION}${DONE}`,
    'an end first': DONE,
    'broken JSON': `${SESSION}event: done\ndata: {\n\n`,
    'not an object': `${SESSION}event: done\ndata: ["session_id"]\n\n`,
    'null': `${SESSION}event: error\ndata: null\n\n`,
    'a key of another type': 'event: session\ndata: {"session_id":4}\n\n',
  };
  for (const [name, stream] of Object.entries(violations)) {
    try { fails(() => read(bytes(stream), [])); } catch (error) { throw new Error(`${name}: ${error.message}`); }
  }
});

test('bytes that are no UTF-8 end the stream', () => {
  fails(() => read(join([bytes(`${SESSION}data: `), Uint8Array.of(0xc3), bytes(`\n\n${DONE}`)]), []));
  fails(() => read(join([bytes(`${SESSION}data: `), Uint8Array.of(0xff, 10, 10), bytes(DONE)]), []));
});

test('one event may be large, but not without end', () => {
  const reader = () => new EventStreamParser({ limit: 1000 });
  same(read(bytes(`data: ${'x'.repeat(900)}\n\n`.repeat(5)), [], reader).length, 5);
  same(read(bytes(`: ${'x'.repeat(900)}\n`.repeat(5)), [], reader).length, 0);
  fails(() => read(bytes(`data: ${'x'.repeat(1000)}`), [], reader));
  fails(() => read(bytes(`data: ${'x'.repeat(300)}\n`.repeat(4)), [], reader));
});

test('statuses become codes', () => {
  const codes = {
    HTTP_BAD_REQUEST: [400], HTTP_UNAUTHORIZED: [401, 403], HTTP_NOT_FOUND: [404], HTTP_SERVER_ERROR: [500, 503, 599],
    UNKNOWN: [302, 405, 409, 413, 415, 422, 429, 600],
  };
  for (const [code, statuses] of Object.entries(codes)) for (const status of statuses) same(codeOfStatus(status), code);
});

test('a refusal says what the server said, else its status', () => {
  const said = ({ code, message, serverCode }) => [code, message, serverCode];
  same(said(refusal(404, 'Not Found', '{"code":"not_found","message":"no such session"}')), ['HTTP_NOT_FOUND', 'no such session', 'not_found']);
  same(said(refusal(401, '', '{"error":{"code":"AUTH","message":"who are you?"}}')), ['HTTP_UNAUTHORIZED', 'who are you?', 'AUTH']);
  same(said(refusal(502, 'Bad Gateway', '<html>')), ['HTTP_SERVER_ERROR', '502 Bad Gateway', null]);
  same(said(refusal(418, '', 'null')), ['UNKNOWN', '418', null]);
  same(asFailure(new TypeError('x')).code, 'UNKNOWN');
});
