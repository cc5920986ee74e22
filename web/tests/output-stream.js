import { OutputStream } from '../app/lib/output-stream.js';

// A recording and a screen, both plain text.
function setup(recorded = '', options = {}) {
  const world = { recorded, screen: '', fetches: 0, fail: 0, hold: null };
  const decode = (data) => (typeof data === 'string' ? data : new TextDecoder().decode(data));
  world.stream = new OutputStream({
    fetchRange: async (from, limit = Infinity) => {
      world.fetches += 1;
      if (world.fail > 0) { world.fail -= 1; throw new Error('no connection'); }
      const offset = from < 0 ? Math.max(0, world.recorded.length + from) : Math.min(from, world.recorded.length);
      const answer = { offset, end: world.recorded.length, data: new TextEncoder().encode(world.recorded.slice(offset, offset + limit)) };
      if (world.hold) await world.hold;
      return answer;
    },
    write: async (data) => { world.screen += decode(data); },
    reset: () => { world.screen = ''; },
    wait: async () => {},
    ...options,
  });
  // The program writes: into the recording, and, unless it is lost on the way, to the viewer.
  world.output = (data, { drop = false } = {}) => {
    const event = { offset: world.recorded.length, bytes: data.length, data };
    world.recorded += data;
    if (!drop) world.stream.push(event);
    return event;
  };
  return world;
}

const settled = async (world) => { for (let i = 0; i < 200 && world.stream.mode !== 'live'; i += 1) await new Promise((done) => setTimeout(done)); };

test('history, then what happens, without repetition', async () => {
  const w = setup('abc');
  let go;
  w.hold = new Promise((done) => { go = done; });
  const opened = w.stream.open();
  w.output('def'); // arrives while the recording is being fetched, and is not part of the answer
  w.output('g');
  go();
  await opened;
  w.output('h');
  same(w.screen, 'abcdefgh');
});

test('an event that the recording already contained is not written twice', async () => {
  const w = setup('');
  const event = w.output('abc', { drop: true });
  const opened = w.stream.open();
  w.stream.push(event);
  await opened;
  w.stream.push(event);
  same(w.screen, 'abc');
});

test('a gap is fetched', async () => {
  const w = setup('abc');
  await w.stream.open();
  w.output('def', { drop: true });
  w.output('ghi');
  await settled(w);
  w.output('j');
  same(w.screen, 'abcdefghij');
});

test('a marked loss is fetched even if nothing follows', async () => {
  const w = setup('abc');
  await w.stream.open();
  w.output('def', { drop: true });
  w.stream.push({ offset: 3, bytes: 0, lost: 3, data: '[3 bytes lost]' });
  await settled(w);
  same(w.screen, 'abcdef');
});

test('a large gap is not chased: the screen goes on with the tail', async () => {
  const w = setup('start\n', { maxGap: 50, skipTail: 20 });
  await w.stream.open();
  w.output('x'.repeat(500) + '\nlast line\n', { drop: true });
  w.output('more\n');
  await settled(w);
  same(w.screen, 'last line\nmore\n');
  if (w.stream.skipped === 0) throw new Error('nothing was counted as skipped');
});

test('only the tail of a long history is shown, from a line start, and all of it on demand', async () => {
  const w = setup('first line\nsecond line\nthird line\n', { tail: 15, slice: 8 });
  await w.stream.open();
  same(w.screen, 'third line\n');
  same(w.stream.first, 23);
  await w.stream.loadAll();
  same(w.screen, w.recorded);
  same(w.stream.first, 0);
});

test('after a lost connection the screen continues where it was', async () => {
  const w = setup('abc');
  await w.stream.open();
  w.output('def', { drop: true });
  w.fail = 2;
  await w.stream.open();
  w.output('ghi');
  same(w.screen, 'abcdefghi');
});

test('a recording that became shorter is another recording', async () => {
  const w = setup('abcdef');
  await w.stream.open();
  w.recorded = 'new';
  await w.stream.open();
  w.output('er');
  same(w.screen, 'newer');
});

test('a gap that cannot be closed does not stop the screen', async () => {
  const w = setup('abc');
  await w.stream.open();
  w.stream.push({ offset: 10, bytes: 3, data: 'xyz' });
  await settled(w);
  same(w.screen, 'abcxyz');
  same(w.stream.next, 13);
});

test('a newer opening wins over an older one', async () => {
  const w = setup('abc');
  await Promise.all([w.stream.open(), w.stream.open()]);
  w.output('d');
  same(w.screen, 'abcd');
});

test('nothing is written after closing', async () => {
  const w = setup('abc');
  const opened = w.stream.open();
  w.stream.close();
  await opened;
  w.output('d');
  same(w.screen, '');
});

test('a reconnect while history is being written repeats nothing', async () => {
  const w = setup('abc');
  let wrote;
  w.stream.write = async (data) => { w.screen += new TextDecoder().decode(data); await new Promise((done) => { wrote = done; }); };
  const first = w.stream.open();
  while (!wrote) await new Promise((done) => setTimeout(done));
  const second = w.stream.open();
  wrote();
  await new Promise((done) => setTimeout(done));
  wrote();
  await Promise.all([first, second]);
  same(w.screen, 'abc');
});
