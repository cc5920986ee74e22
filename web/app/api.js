// The daemon's HTTP surface. Every failure becomes one ApiError with a sentence that can be shown as it is.

import { fieldErrors } from './lib/field-errors.js';
import { noteServerTime } from './now.js';
import { token, needToken } from './token.js';

export class ApiError extends Error {
  constructor(status, code, message, details, requestId) {
    super(message);
    Object.assign(this, { status, code, details, requestId });
  }

  get fields() {
    return fieldErrors(this.details);
  }
}

async function call(method, path, { body, accept = 'application/json', signal } = {}) {
  const headers = { accept };
  if (token.value) headers.authorization = `Bearer ${token.value}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'NETWORK', 'The daemon does not answer');
  }
  noteServerTime(response.headers.get('date'));
  if (response.ok) return response;
  let error = {};
  let requestId;
  try {
    const parsed = await response.json();
    error = typeof parsed.error === 'object' && parsed.error ? parsed.error : { message: parsed.error ?? parsed.message, code: parsed.code };
    requestId = parsed.requestId;
  } catch {
    // Not the daemon's own error body, perhaps a proxy's. The status says enough.
  }
  if (response.status === 401) needToken();
  throw new ApiError(response.status, error.code ?? `HTTP_${response.status}`, error.message ?? `The daemon answered ${response.status}`, error.details, requestId);
}

const json = async (method, path, body) => (await call(method, path, { body })).json();
const at = (id) => encodeURIComponent(id);

export const fleet = () => json('GET', '/api/fleet?limit=1000');
export const session = (id) => json('GET', `/api/fleet/${at(id)}`);
export const why = (id) => json('GET', `/api/fleet/${at(id)}/why`);
export const start = (body) => json('POST', '/api/runner/sessions', body);
export const stop = (id) => json('POST', `/api/runner/sessions/${at(id)}/stop`, { graceful: true });
export const signal = (id, name) => json('POST', `/api/runner/sessions/${at(id)}/signal`, { signal: name });
export const pause = (id) => json('POST', `/api/runner/sessions/${at(id)}/pause`, {});
export const resume = (id) => json('POST', `/api/runner/sessions/${at(id)}/resume`, {});
export const input = (id, data) => json('POST', `/api/runner/sessions/${at(id)}/input`, { data });
export const approvals = (id) => json('GET', `/api/runner/sessions/${at(id)}/approvals`);
export const decide = (id, approvalId, decision, note) =>
  json('POST', `/api/runner/sessions/${at(id)}/approvals/${at(approvalId)}`, note ? { decision, note } : { decision });

// A stretch of the program's own bytes.
export async function output(id, from, limit, abort) {
  const query = `from=${from}${limit === undefined ? '' : `&limit=${limit}`}`;
  const response = await call('GET', `/api/fleet/${at(id)}/output?${query}`, { accept: 'application/octet-stream', signal: abort });
  const data = new Uint8Array(await response.arrayBuffer());
  const offset = Number(response.headers.get('x-drover-offset') ?? Math.max(0, from));
  const end = Number(response.headers.get('x-drover-end') ?? offset + data.length);
  return { offset, end, data };
}

export const recordingPath = (id) => `/api/fleet/${at(id)}/recording`;

export async function recording(id) {
  return (await call('GET', recordingPath(id), { accept: '*/*' })).blob();
}
