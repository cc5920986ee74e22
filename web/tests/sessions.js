import { attention, matches } from '../app/lib/order.js';
import { isBusy, isOurs, labelOf, markOf, projectOf, reportInWords, terminalOf } from '../app/lib/states.js';

const observed = (more) => ({ id: 'abcdef01-2345', origin: 'observed', live: true, state: 'RUNNING', agent: 'claude_code', activity: 'working', observed: { project: '/src/orbit', cwd: '/src/orbit/web' }, ...more });

test('what somebody else started shows what it is doing', () => {
  const words = ['working', 'waiting', 'ready', 'compacting', 'idle', 'out_of_this_world'].map((activity) => markOf(observed({ activity })).word);
  same(words, ['Working', 'Waits for you', 'Ready', 'Compacting', 'Idle', 'Out of this world']);
  same(markOf(observed({ live: false, state: 'COMPLETED' })).word, 'Completed');
  same(markOf(observed({ activity: undefined })).word, 'Running');
  same(markOf({ id: 'x', origin: 'chat' }).word, 'Unknown');
  same(markOf(observed({ activity: 'waiting', state: 'WAITING_FOR_APPROVAL' })).word, 'Waits for you');
  same(markOf(observed({ activity: 'waiting', state: 'WAITING_FOR_APPROVAL', pendingApprovals: ['a'] })).word, 'Needs approval');
  same(markOf({ origin: 'launched', live: true, state: 'STOPPING', activity: 'working' }).word, 'Stopping');
  same(markOf({ origin: 'launched', live: true, state: 'RUNNING', activity: 'ready' }).word, 'Ready');
  same(['working', 'compacting', 'ready', 'waiting'].map((activity) => isBusy(observed({ activity }))), [true, true, false, false]);
});

test('only what is ours can be stopped', () => {
  same([observed(), { origin: 'chat' }, { origin: 'new' }].map(isOurs), [false, false, false]);
  same([{ origin: 'launched' }, { origin: 'remote' }, {}, { origin: 'new', process: { pid: 4 } }].map(isOurs), [true, true, true, true]);
});

test('a session without a name is called by its folder', () => {
  same(labelOf(observed()), 'orbit abcd');
  same(labelOf(observed({ name: 'mine' })), 'mine');
  same(labelOf(observed({ title: '', observed: undefined })), 'abcdef01');
  same(projectOf({ project: { path: '/a/b', name: 'b' } }), { name: 'b', path: '/a/b' });
  same(projectOf({ observed: { project: { path: '/a/c' } } }), { name: 'c', path: '/a/c' });
  same(projectOf({ observed: { cwd: '/a/d/' } }), { name: 'd', path: '/a/d/' });
  same(projectOf({}), null);
});

test('a terminal is named in whatever form it is told', () => {
  same(terminalOf(observed()), null);
  same(terminalOf({ observed: { terminal: 'tmux:work:0.1' } }), { words: 'tmux work:0.1', pane: 'work:0.1' });
  same(terminalOf({ observed: { terminal: '/dev/pts/3' } }), { words: '/dev/pts/3', pane: null });
  same(terminalOf({ observed: { terminal: { app: 'kitty', tty: '/dev/pts/3' } } }), { words: 'kitty · /dev/pts/3', pane: null });
  same(terminalOf({ observed: { terminal: { tmux: { session: 'w', pane: '%3' } } } }), { words: 'tmux %3', pane: '%3' });
  same(terminalOf({ observed: { terminal: { strange: [1] } } }), null);
});

test('an agent that waits needs a person, and the filter finds it', () => {
  same(attention(observed({ activity: 'waiting' }), 0)?.why, 'waiting');
  same(attention(observed({ activity: 'waiting', live: false, state: 'COMPLETED' }), 0), null);
  same(attention(observed(), 0), null);
  same(matches(observed(), 'orbit working observed'), true);
  same([reportInWords('permission_request'), reportInWords('dead_pid_reconcile_start'), reportInWords('tool ls'), reportInWords('x'), reportInWords('constructor'), reportInWords(undefined)], ['it asks for a permission', 'its process is gone', 'it uses the tool ls', null, null, null]);
});
