import { byUpdate, eventLine, previewOf, rowsOf, skewInWords, usageInWords, userMessage, withEvent, withLine } from '../app/lib/transcript.js';

const call = (id, name, output, isError = false) => ({ event: 'tool_call', data: { id, name, args: { path: '.' }, output, is_error: isError } });
const delta = (data) => ({ event: 'delta', data });
const after = (events, messages = [userMessage('hi')]) => events.reduce(withEvent, messages);
const short = (rows) => rows.map(({ key, kind, text, output }) => [key, kind, text ?? output]);

test('deltas add up, and tools divide a turn into rounds', () => {
  const messages = after([delta('Let me '), delta('look.'), call('1', 'ls', 'a\nb'), call('2', 'read', 'tool error: no', true), delta('Two '), delta('files.')]);
  same(short(rowsOf(messages)), [['user-1', 'user', 'hi'], ['assistant-1', 'assistant', 'Let me look.'], ['tool-1', 'tool', 'a\nb'], ['tool-2', 'tool', 'tool error: no'], ['assistant-2', 'assistant', 'Two files.']]);
  same(rowsOf(messages).filter((row) => row.kind === 'tool').map((row) => [row.name, row.args, row.isError]), [['ls', { path: '.' }, false], ['read', { path: '.' }, true]]);
});

test('the rows are the same when the daemon divides the rounds otherwise', () => {
  const live = after([call('mock_tc_1', 'ls', 'x'), call('mock_tc_1', 'ls', 'x'), delta('max iterations')]);
  const round = [{ role: 'assistant', content: '', tool_calls: [{ id: 'mock_tc_1', name: 'ls', arguments: { path: '.' } }] }, { role: 'tool', content: 'x', name: 'ls', tool_call_id: 'mock_tc_1', is_error: false }];
  same(rowsOf(live), rowsOf([userMessage('hi'), ...round, ...round, { role: 'assistant', content: 'max iterations' }]));
});

test('what other versions store is shown, too', () => {
  const rows = rowsOf([
    { role: 'system', content: 'secret' }, { role: 'user', content: 'q' },
    { role: 'tool', tool_name: 'ls', content: 'tool error: x' },
    { role: 'assistant', content: 'cut', partial: true },
    { role: 'assistant', content: '', tool_calls: [{ id: 'a', name: 'bash', arguments: {} }] },
    { role: 'user', content: 'next' }, { role: 'critic', content: '?' },
  ]);
  same(rows.map((row) => [row.key, row.name ?? row.text, row.isError ?? row.partial ?? row.role ?? null]), [['user-1', 'q', null], ['tool-1', 'ls', true], ['assistant-1', 'cut', true], ['tool-2', 'bash', false], ['user-2', 'next', null], ['other-1', '?', 'critic']]);
  same(rowsOf(undefined), []);
});

test('the list shows the last thing said', () => {
  same(previewOf({ messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b\n c' }, { role: 'assistant', content: ' ' }] }), 'b c');
  same(previewOf({ messages: [{ role: 'system', content: 'a' }] }), '(empty)');
  same(previewOf({ preview: 'short', message_count: 2 }), 'short');
  same(previewOf({}), '(empty)');
});

test('the list has the latest first', () => {
  const at = (id, updated, created = '2026-01-01T00:00:00Z') => ({ id, updated_at: updated, created_at: created });
  const list = [at('a', '2026-01-01T00:00:07Z'), at('b', '2026-01-01T00:00:07.5Z'), at('c', '2026-01-01T00:00:07.500001+00:00'), at('e', '2026-01-01T00:00:06Z'), at('d', '2026-01-01T00:00:06Z')];
  same(list.sort(byUpdate).map((s) => s.id), ['c', 'b', 'a', 'd', 'e']);
});

test('events are short lines, and eighteen of them', () => {
  same(eventLine({ event: 'session', data: { session_id: 's' } }), '[session] s');
  same(eventLine(delta('a\nb')), '[delta] a\\nb');
  same(eventLine(call('1', 'ls', 'x\ny', true)), '[tool_call] ls failed: x');
  same(eventLine({ event: 'done', data: { finish_reason: 'stop', usage: { total_tokens: 30 } } }), '[done] stop, 30 tokens');
  same(eventLine({ event: 'error', data: { code: 'cancelled', message: 'm' } }), '[error] cancelled: m');
  let lines = [];
  for (let i = 0; i < 30; i += 1) lines = withLine(lines, i);
  same([lines.length, lines[0], lines[17]], [18, 29, 12]);
});

test('the end of a turn in words', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
  same(usageInWords({ usage, finish_reason: 'stop' }), 'complete · 10 + 20 = 30 tokens');
  same(usageInWords({ usage: { ...usage, total: { total_tokens: 90 }, iterations: 3 }, finish_reason: 'tool_calls', stop_detail: 'max_iterations' }), 'stopped after as many rounds as allowed · 10 + 20 = 30 tokens · 90 in 3 rounds');
  same(usageInWords({ usage: null, finish_reason: null }), '');
  same([skewInWords(0, 1000), skewInWords(5000, 0), skewInWords(0, 600_000), skewInWords(NaN, 0)], [null, 'its clock is 5 s ahead', 'its clock is 10 min behind', null]);
});
