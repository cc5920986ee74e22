import { joinArgv, splitArgv } from '../app/lib/argv.js';
import { errorFor, fieldErrors } from '../app/lib/field-errors.js';
import { arrow, ctrl } from '../app/lib/keys.js';
import { arrange, attention, matches } from '../app/lib/order.js';
import { Pacer, pieces } from '../app/lib/pacer.js';
import { ago, bytes, duration } from '../app/lib/time.js';

const argv = (line) => splitArgv(line).argv;

test('a line is split into words', () => {
  same(argv('make -j4  test'), ['make', '-j4', 'test']);
  same(argv('  '), []);
  same(argv(`a 'b c' "d e"f g\\ h`), ['a', 'b c', 'd ef', 'g h']);
  same(argv(`echo "" ''`), ['echo', '', '']);
  same(argv(`"a\\"b\\n" 'c\\d'`), ['a"b\\n', 'c\\d']);
});

test('what is not closed is an error', () => {
  same(splitArgv(`echo 'a`).error, "A ' is not closed");
  same(splitArgv('echo "a').error, 'A " is not closed');
  same(splitArgv('echo \\').error, 'Nothing follows the last \\');
});

test('what only a shell understands is noticed', () => {
  same(splitArgv('a | b').shellish, '|');
  same(splitArgv('echo "$HOME"').shellish, '$');
  same(splitArgv("echo '$HOME'").shellish, null);
  same(splitArgv('FOO=1 make').shellish, '=');
  same(splitArgv('make FOO=1 a~b').shellish, null);
  same(splitArgv('ls ~').shellish, '~');
});

test('joining is the reverse of splitting', () => {
  for (const words of [['a', 'b c'], [`it's`, ''], ['$x', '*', '\\'], ['--a=b', '/c/d.e']]) same(argv(joinArgv(words)), words);
});

test('field errors in every shape', () => {
  same(fieldErrors({ 'command.argv': 'is empty' }), { 'command.argv': 'is empty' });
  same(fieldErrors({ fieldErrors: { name: ['too long', 'x'] }, formErrors: [] }), { name: 'too long' });
  same(fieldErrors([{ path: ['task', 'title'], message: 'needed' }, { field: 'name', message: 'bad' }]), { 'task.title': 'needed', name: 'bad' });
  same(fieldErrors({ task: { title: 'needed' } }), { 'task.title': 'needed' });
  same(fieldErrors(undefined), {});
  same(errorFor({ 'command.argv.0': 'bad' }, 'command.argv'), 'bad');
});

const session = (id, more) => ({ id, live: true, state: 'RUNNING', createdAt: 0, lastActivityAt: 0, pendingApprovals: [], alerts: {}, ...more });

test('what needs a person comes first', () => {
  const now = 1_000_000;
  const list = [
    session('old', { createdAt: 1 }),
    session('new', { createdAt: 5 }),
    session('asks', { state: 'WAITING_FOR_APPROVAL', pendingApprovals: ['x'] }),
    session('broke', { state: 'FAILED', live: false, endedAt: now - 5 }),
    session('seen', { state: 'FAILED', live: false, endedAt: now - 5 }),
    session('done', { state: 'COMPLETED', live: false, endedAt: now - 9 }),
    session('red', { tests: { failed: 2, running: false, exitCode: 1 } }),
  ];
  const { urgent, live, ended } = arrange(list, now, (id) => id === 'seen');
  same(urgent.map((e) => e.session.id), ['asks', 'broke', 'red']);
  same(live.map((e) => e.session.id), ['new', 'old']);
  same(ended.map((e) => e.session.id), ['seen', 'done']);
  same(attention(session('x', { alerts: { warn: 3 } }), now), null);
  same(attention(session('x', { state: 'FAILED', live: false, endedAt: now - 25 * 3600_000 }), now), null);
});

test('the filter wants every word', () => {
  const s = session('1', { name: 'build', title: 'make all', agent: 'command', project: { name: 'orbit', path: '/src/orbit' } });
  same(matches(s, ''), true);
  same(matches(s, 'ORBIT make'), true);
  same(matches(s, 'orbit nope'), false);
  same(matches(s, 'running'), true);
});

test('times and sizes are short', () => {
  same([0, 59_000, 61_000, 3_600_000, 90_000_000].map((d) => ago(0, d)), ['now', '59s', '1m', '1h', '1d']);
  same([250, 2500, 59_000, 61_000, 7_260_000].map((d) => duration(d)), ['250 ms', '2.5 s', '59 s', '1 min 01 s', '2 h 01 min']);
  same([5, 1536, 1 << 20].map((n) => bytes(n)), ['5 B', '1.5 KiB', '1.0 MiB']);
});

test('a held-down key stays below the limit of the daemon', () => {
  const pacer = new Pacer();
  let sent = 0;
  for (let t = 0; t < 10_000; t += 33) if (pacer.delay(t) === 0) { pacer.note(t); sent += 1; }
  if (sent > 90) throw new Error(`${sent} in ten seconds`);
  same(new Pacer().delay(0), 0);
});

test('pieces do not tear characters', () => {
  same(pieces('abcdef', 4), ['abcd', 'ef']);
  same(pieces('abc😀d', 4), ['abc', '😀d']);
});

test('keys that phones lack', () => {
  same([arrow('up', false), arrow('up', true)], ['\x1b[A', '\x1bOA']);
  same([ctrl('c'), ctrl('['), ctrl(' '), ctrl('é'), ctrl('ab')], ['\x03', '\x1b', '\0', 'é', 'ab']);
});
