// What went wrong with a request of the chat, as one of a few codes and a sentence.

export class ChatFailure extends Error {
  constructor(code, message, { serverCode = null, status = 0 } = {}) {
    super(message);
    Object.assign(this, { code, serverCode, status });
  }
}

export function codeOfStatus(status) {
  if (status === 400) return 'HTTP_BAD_REQUEST';
  if (status === 401 || status === 403) return 'HTTP_UNAUTHORIZED';
  if (status === 404) return 'HTTP_NOT_FOUND';
  if (status >= 500 && status <= 599) return 'HTTP_SERVER_ERROR';
  return 'UNKNOWN';
}

// A refusal: the server's own sentence where its body has one, else the status line.
export function refusal(status, reason, body) {
  let said = null;
  try {
    const parsed = JSON.parse(body);
    // Other surfaces of the daemon wrap the same two fields.
    said = typeof parsed?.error === 'object' && parsed.error !== null ? parsed.error : parsed;
  } catch {
    // Not our error body, perhaps a proxy's.
  }
  const message = typeof said?.message === 'string' && said.message !== '' ? said.message : `${status} ${reason}`.trim();
  return new ChatFailure(codeOfStatus(status), message, { serverCode: typeof said?.code === 'string' ? said.code : null, status });
}

export const unreachable = (message = 'The daemon does not answer') => new ChatFailure('NETWORK_UNAVAILABLE', message);
export const undecodable = (status) => new ChatFailure('UNKNOWN', 'The answer cannot be read', { status });

// Whatever was thrown, as one of ours.
export function asFailure(error) {
  if (error instanceof ChatFailure) return error;
  if (error?.code === 'SSE_PROTOCOL_ERROR') return new ChatFailure(error.code, error.message);
  return new ChatFailure('UNKNOWN', error?.message || String(error));
}
