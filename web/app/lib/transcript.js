// A conversation as rows of the page, and how events of a running turn are added to it.
//
// A running turn is kept as the same messages that the daemon will store, so that loading the session afterwards changes
// nothing that can be seen.

export const userMessage = (text) => ({ role: 'user', content: text });

// Returns the messages with one event added.
export function withEvent(messages, { event, data }) {
  const last = messages.at(-1);
  if (event === 'delta') {
    // Text after a tool belongs to the next round.
    if (last?.role === 'assistant' && !last.tool_calls) return [...messages.slice(0, -1), { ...last, content: last.content + data }];
    return [...messages, { role: 'assistant', content: data }];
  }
  if (event === 'tool_call') {
    const call = { id: data.id, name: data.name, arguments: data.args };
    const result = { role: 'tool', content: data.output, name: data.name, tool_call_id: data.id, is_error: data.is_error };
    if (last?.role === 'assistant' && !last.tool_calls) return [...messages.slice(0, -1), { ...last, tool_calls: [call] }, result];
    return [...messages, { role: 'assistant', content: '', tool_calls: [call] }, result];
  }
  return messages;
}

// The rows: `{key, kind: 'user' | 'assistant' | 'tool' | 'other', …}`. A key counts within its kind, which stays true when
// the daemon divides a turn into other rounds than the page could know of.
export function rowsOf(messages) {
  const rows = [];
  const counts = {};
  const add = (kind, row) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    rows.push({ key: `${kind}-${counts[kind]}`, kind, ...row });
  };
  let open = []; // calls of the latest round that have no result yet; ids alone may repeat from round to round
  const without = () => {
    for (const call of open) add('tool', { name: call.name, args: call.arguments, output: null, isError: false });
    open = [];
  };
  for (const message of messages ?? []) {
    if (message.role === 'system') continue;
    if (message.role === 'tool') {
      const at = open.findIndex((call) => call.id === message.tool_call_id);
      const call = at < 0 ? null : open.splice(at, 1)[0];
      add('tool', { name: message.name ?? message.tool_name ?? call?.name ?? 'tool', args: call?.arguments, output: message.content ?? '', isError: isError(message) });
      continue;
    }
    without();
    if (message.role === 'user') add('user', { text: message.content ?? '' });
    else if (message.role === 'assistant') {
      if (message.content || message.partial) add('assistant', { text: message.content ?? '', partial: message.partial === true });
      open = Array.isArray(message.tool_calls) ? [...message.tool_calls] : [];
    } else add('other', { role: String(message.role), text: message.content ?? '' });
  }
  without();
  return rows;
}

// Older messages do not say whether they are errors, except by their text.
const isError = (message) => message.is_error ?? (message.content ?? '').startsWith('tool error: ');

// What stands for a session in the list.
export function previewOf(session) {
  if (typeof session.preview === 'string') return fold(session.preview) || '(empty)';
  const last = (session.messages ?? []).findLast((m) => m.role !== 'system' && m.content?.trim());
  return (last && fold(last.content)) || '(empty)';
}

const fold = (text) => text.replace(/^\s*(?:```|~~~).*$/gm, '').replace(/\*\*|__|`/g, '').trim().replace(/\s+/g, ' ').slice(0, 200);

// Newest first, the same order as the daemon's list.
export function byUpdate(a, b) {
  return order(b.updated_at, a.updated_at) || order(b.created_at, a.created_at) || order(a.id, b.id);
}

function order(a = '', b = '') {
  // Stamps may have any number of digits after the point: `…07Z` is before `…07.5Z`.
  const [x, y] = [a.replace(/Z$|[+-]\d\d:\d\d$/, ''), b.replace(/Z$|[+-]\d\d:\d\d$/, '')];
  return x < y ? -1 : x > y ? 1 : 0;
}

// --- the events pane

const SHOWN = 18;

// Newest first and never more than a screenful; returns the new list.
export function withLine(lines, line) {
  return [line, ...lines].slice(0, SHOWN);
}

export function eventLine({ event, data }) {
  switch (event) {
    case 'session': return `[session] ${data.session_id}`;
    case 'delta': return `[delta] ${JSON.stringify(data).slice(1, -1)}`;
    case 'tool_call': return `[tool_call] ${data.name} ${data.is_error ? 'failed' : 'ok'}: ${firstLine(data.output)}`;
    case 'done': return `[done] ${data.finish_reason ?? 'no reason'}${data.usage ? `, ${data.usage.total_tokens} tokens` : ''}`;
    case 'error': return `[error] ${data.code ? `${data.code}: ` : ''}${data.message}`;
    default: return `[${event}]`;
  }
}

const firstLine = (text) => text.split('\n', 1)[0].slice(0, 120);

// --- a turn's end in words

export function usageInWords({ usage, finish_reason: reason, stop_detail: detail } = {}) {
  const parts = [];
  const why = { stop: 'complete', tool_calls: 'stopped while using tools', length: 'cut at the length limit', content_filter: 'cut by a content filter' }[reason];
  if (detail === 'max_iterations') parts.push('stopped after as many rounds as allowed');
  else if (why ?? reason) parts.push(why ?? reason);
  if (usage) {
    parts.push(`${usage.prompt_tokens} + ${usage.completion_tokens} = ${usage.total_tokens} tokens`);
    const total = usage.total?.total_tokens;
    if (total !== undefined && total !== usage.total_tokens) parts.push(`${total} in ${usage.iterations ?? 'all'} rounds`);
  }
  return parts.join(' · ');
}

// How far the daemon's clock is from ours, in a few words; null while it does not matter.
export function skewInWords(daemonAt, ourAt) {
  const seconds = Math.round((daemonAt - ourAt) / 1000);
  if (!Number.isFinite(seconds) || Math.abs(seconds) < 3) return null;
  const size = Math.abs(seconds);
  const amount = size < 120 ? `${size} s` : size < 7200 ? `${Math.round(size / 60)} min` : `${Math.round(size / 3600)} h`;
  return `its clock is ${amount} ${seconds > 0 ? 'ahead' : 'behind'}`;
}
