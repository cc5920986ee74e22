// What the daemon offers for the chat, over HTTP. Every failure is a ChatFailure.

import { asFailure, ChatFailure, refusal, undecodable, unreachable } from '../lib/failures.js';
import { ChatStream } from '../lib/event-stream.js';
import { noteServerTime } from '../now.js';
import { needToken, token } from '../token.js';

const REQUEST_MS = 30_000;
const IDLE_MS = 45_000; // three keep-alives of the daemon

async function request(method, path, body, { accept = 'application/json', signal }) {
  const headers = { accept };
  if (token.value) headers.authorization = `Bearer ${token.value}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', signal });
  } catch {
    throw unreachable(signal.aborted ? 'The daemon did not answer in time' : undefined);
  }
  noteServerTime(response.headers.get('date'));
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  if (response.status === 401) needToken();
  throw refusal(response.status, response.statusText, text);
}

async function json(method, path, body) {
  const response = await request(method, path, body, { signal: AbortSignal.timeout(REQUEST_MS) });
  if (response.status === 204 || response.status === 202) return null;
  try {
    return await response.json();
  } catch {
    throw undecodable(response.status);
  }
}

const at = (id) => `/api/sessions/${encodeURIComponent(id)}`;

export const health = () => json('GET', '/api/health');
export const sessions = () => json('GET', '/api/sessions?summary=1');
export const create = () => json('POST', '/api/sessions');
export const session = (id) => json('GET', at(id));
export const remove = (id) => json('DELETE', at(id));
export const cancel = (id) => json('POST', `${at(id)}/cancel`);
export const config = () => json('GET', '/api/config');
export const apply = (body) => json('POST', '/api/config/apply', body);
export const reset = () => json('POST', '/api/config/reset', {});
export const restart = () => json('POST', '/api/config/restart', {});
export const skills = () => json('GET', '/api/skills');
export const skill = (id) => json('GET', `/api/skills/${encodeURIComponent(id)}`);

// One turn. `onEvent({event, data})` hears of everything up to the terminal event, with which the promise is fulfilled.
export async function stream(message, sessionId, onEvent) {
  const abort = new AbortController();
  const head = setTimeout(() => abort.abort(), REQUEST_MS);
  let response;
  try {
    response = await request('POST', '/api/chat', { message, ...(sessionId ? { session_id: sessionId } : {}) }, { accept: 'text/event-stream', signal: abort.signal });
  } finally {
    clearTimeout(head);
  }
  try {
    const type = response.headers.get('content-type') ?? '';
    if (!/^text\/event-stream\s*(;|$)/i.test(type)) throw new ChatFailure('SSE_PROTOCOL_ERROR', `The answer is ${type || 'of no type'} in place of text/event-stream`);
    await read(response.body.getReader(), new ChatStream(), onEvent);
  } catch (error) {
    throw asFailure(error);
  } finally {
    abort.abort();
  }
}

async function read(reader, chat, onEvent) {
  for (;;) {
    let part;
    let timer;
    try {
      const late = new Promise((_, reject) => { timer = setTimeout(() => reject(unreachable('Nothing has been heard of the answer for a while')), IDLE_MS); });
      part = await Promise.race([reader.read(), late]);
    } catch (error) {
      throw error instanceof ChatFailure ? error : unreachable('The connection was lost in the middle of the answer');
    } finally {
      clearTimeout(timer);
    }
    if (part.done) return chat.finish();
    for (const event of chat.feed(part.value)) onEvent(event);
    if (chat.over) return undefined;
  }
}
