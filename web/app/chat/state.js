// What the chat knows: sessions, what was said in them, the turns that run, and the last things that happened.

import { reactive, shallowReactive } from '/vendor/vue.js';
import { asFailure } from '../lib/failures.js';
import { activityOf } from '../lib/states.js';
import { byUpdate, eventLine, previewOf, skewInWords, usageInWords, userMessage, withEvent, withLine } from '../lib/transcript.js';
import { on } from '../live.js';
import { now } from '../now.js';
import { go, route, to } from '../router.js';
import { sessions } from '../store.js';
import * as client from './client.js';

// The conversation that has no session yet goes under this name.
export const NEW = '';

const DRAFTS = 'drover.chat.drafts';
const FLUSH_MS = 32;
const FOLLOW_MS = 2000;
const FOLLOW_AT_MOST = 30;
const SETTLE_MS = 3000;

export const chat = reactive({
  loaded: false, // the list was there once
  banner: null, // {code, message}
  health: null, // {text, well, skew, startedAt}
  missing: null, // the id of a session that does not exist
  last: null, // the session looked at last
  busy: null, // what is being done in the rail
});
export const list = shallowReactive([]); // {id, created_at, updated_at, preview}
export const conversations = shallowReactive(new Map()); // id -> messages
export const turns = reactive(new Map()); // id -> {phase: 'sending' | 'answering' | 'stopping', following: bool}
export const ends = shallowReactive(new Map()); // id -> {text, tone, message} of the latest turn
export const drafts = reactive(readDrafts());
export const events = shallowReactive({ lines: [] }); // newest first, {id, at, text}
export const heard = shallowReactive({ lines: [] }); // for screen readers, oldest first, {id, text}

let lastLine = 0;

export function note(text) {
  events.lines = withLine(events.lines, { id: ++lastLine, at: Date.now(), text });
}

export function say(text) {
  const plain = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*_`#|~>]+/g, ' ').replace(/\s+/g, ' ').trim();
  if (plain) heard.lines = [...heard.lines, { id: ++lastLine, text: plain }].slice(-12);
}

export function complain(error, { quiet = false } = {}) {
  const failure = asFailure(error);
  note(`[error] ${failure.code}: ${failure.message}`);
  if (!quiet) chat.banner = { code: failure.code, message: failure.message };
  return failure;
}

export function succeeded() {
  chat.banner = null;
}

// --- drafts

function readDrafts() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(DRAFTS) ?? '{}');
    return Object.fromEntries(Object.entries(kept).filter(([, text]) => typeof text === 'string'));
  } catch {
    return {};
  }
}

export function setDraft(id, text) {
  if (text) drafts[id] = text;
  else delete drafts[id];
  try {
    sessionStorage.setItem(DRAFTS, JSON.stringify(drafts));
  } catch {
    // Without storage a draft lasts until the page is reloaded.
  }
}

// --- health

export async function checkHealth() {
  const from = Date.now();
  try {
    const answer = await client.health();
    const ours = (from + Date.now()) / 2;
    chat.health = {
      text: `${answer.status} @ ${String(answer.now).replace(/\.\d+/, '').replace('+00:00', 'Z')}`, well: answer.status === 'ok' && answer.agent !== 'degraded',
      agent: answer.agent ?? null, skew: skewInWords(Date.parse(answer.now), ours), startedAt: answer.started_at ?? null,
    };
  } catch {
    chat.health = { text: 'unreachable', well: false, agent: null, skew: null, startedAt: chat.health?.startedAt ?? null };
  }
  return chat.health;
}

// --- the list and one session

export async function loadList({ quiet = false } = {}) {
  try {
    const answer = await client.sessions();
    const items = answer.map((s) => ({ id: s.id, created_at: s.created_at, updated_at: s.updated_at, preview: previewOf(s) }));
    list.splice(0, list.length, ...items.sort(byUpdate));
    chat.loaded = true;
    return true;
  } catch (error) {
    complain(error, { quiet });
    return false;
  }
}

export async function refresh() {
  chat.busy = 'refresh';
  const [, listed] = await Promise.all([checkHealth(), loadList()]);
  chat.busy = null;
  if (listed) succeeded();
}

// Loads what was said. A turn that runs here knows more than the daemon has stored, so then it is left alone.
export async function load(id, { quiet = false } = {}) {
  if (id === NEW || turns.has(id)) return null;
  try {
    const session = await client.session(id);
    if (turns.has(id)) return session;
    conversations.set(id, session.messages ?? []);
    noteInList(session);
    if (chat.missing === id) chat.missing = null;
    return session;
  } catch (error) {
    if (error.status === 404) {
      forget(id);
      chat.missing = id;
    } else {
      complain(error, { quiet });
    }
    return null;
  }
}

function noteInList(session) {
  const item = { id: session.id, created_at: session.created_at, updated_at: session.updated_at, preview: previewOf(session) };
  const others = list.filter((s) => s.id !== session.id);
  list.splice(0, list.length, ...[item, ...others].sort(byUpdate));
}

function forget(id) {
  const at = list.findIndex((s) => s.id === id);
  if (at >= 0) list.splice(at, 1);
  conversations.delete(id);
  ends.delete(id);
  setDraft(id, '');
  if (chat.last === id) chat.last = null;
}

export async function create() {
  chat.busy = 'create';
  try {
    const session = await client.create();
    note(`[session.create] ${session.id}`);
    conversations.set(session.id, session.messages ?? []);
    noteInList(session);
    succeeded();
    go(to.chat(session.id));
    return session.id;
  } catch (error) {
    complain(error);
    return null;
  } finally {
    chat.busy = null;
  }
}

export async function remove(id) {
  try {
    await client.remove(id);
  } catch (error) {
    // Gone is what was wanted.
    if (error.status !== 404) {
      complain(error);
      return;
    }
  }
  note(`[session.delete] ${id}`);
  forget(id);
  succeeded();
  if (route.name === 'chat' && route.id === id) go(to.chat());
}

// --- a turn

export async function send(text, id = NEW) {
  if (turns.has(id)) return;
  const before = conversations.get(id) ?? [];
  let at = id; // where the turn belongs; a new conversation is given its session in the first event
  let accepted = false;
  let end = null;
  conversations.set(id, [...before, userMessage(text)]);
  turns.set(id, { phase: 'sending' });
  ends.delete(id);
  setDraft(id, '');
  note(`[request] ${text}`);

  // Pieces come faster than anybody reads; the page is drawn once for all that arrived meanwhile.
  let waiting = [];
  let timer = null;
  const voice = speaker();
  const flush = () => {
    clearTimeout(timer);
    timer = null;
    if (waiting.length === 0) return;
    let messages = conversations.get(at) ?? [];
    for (const event of waiting) {
      messages = withEvent(messages, event);
      note(eventLine(event));
      voice.hear(event);
    }
    waiting = [];
    conversations.set(at, messages);
  };

  try {
    await client.stream(text, id, (event) => {
      if (event.event === 'session') {
        accepted = true;
        note(eventLine(event));
        at = adopt(at, event.data.session_id);
        turns.get(at).phase = 'answering';
      } else if (event.event === 'done' || event.event === 'error') {
        flush();
        note(eventLine(event));
        end = event;
      } else {
        waiting.push(event);
        timer ??= setTimeout(flush, FLUSH_MS);
      }
    });
    flush();
    conclude(at, text, end, voice);
  } catch (error) {
    flush();
    voice.finish();
    const failure = complain(error);
    if (accepted) {
      finishTurn(at, { tone: 'warn', text: 'The connection to this answer was lost. The daemon goes on with it; what it says appears here.' });
      setTimeout(() => follow(at), FOLLOW_MS / 4);
    } else {
      // Nothing was stored, so nothing was said: the text is a draft again.
      conversations.set(at, before);
      setDraft(at, drafts[at] ? `${text}\n${drafts[at]}` : text);
    }
    say(`Not answered: ${failure.message}`);
  }
  turns.delete(at);
  if (end?.event === 'error' && end.data.code === 'not_found') {
    // Somebody deleted the session while it was answering.
    forget(at);
    chat.missing = at;
  } else if (accepted && end) {
    const stored = await load(at, { quiet: true });
    // A daemon that cannot answer at all may not have kept the question either.
    const asked = stored?.messages?.findLast((message) => message.role === 'user')?.content;
    if (end.event === 'error' && stored && asked !== text) {
      setDraft(at, drafts[at] ?? text);
      ends.set(at, { ...ends.get(at), again: null });
    }
  }
  void loadList({ quiet: true });
}

const finishTurn = (id, end) => ends.set(id, { ...end, at: Date.now() });

function conclude(at, text, end, voice) {
  if (end.event === 'done') {
    voice.finish();
    finishTurn(at, { tone: 'idle', text: usageInWords(end.data) });
    succeeded();
    return;
  }
  voice.finish();
  if (end.data.code === 'cancelled' && turns.get(at)?.phase === 'stopping') {
    finishTurn(at, { tone: 'idle', text: 'Stopped.' });
    say('Stopped');
    succeeded();
    return;
  }
  chat.banner = { code: end.data.code ?? 'error', message: end.data.message };
  finishTurn(at, { tone: 'bad', text: `Not finished: ${end.data.message}`, again: text });
}

// A conversation that began without a session gets the one that the daemon made for it.
function adopt(from, id) {
  if (from === id) return id;
  conversations.set(id, conversations.get(from) ?? []);
  conversations.delete(from);
  turns.set(id, turns.get(from));
  turns.delete(from);
  if (drafts[from]) {
    setDraft(id, drafts[from]);
    setDraft(from, '');
  }
  if (route.name === 'chat' && (route.id ?? NEW) === from) {
    chat.last = id;
    location.replace(to.chat(id));
  }
  void loadList({ quiet: true });
  return id;
}

// After a broken connection the turn goes on without us. Looks until nothing changes any more.
async function follow(id) {
  let before = null;
  let unchanged = 0;
  for (let n = 0; n < FOLLOW_AT_MOST && unchanged < 3 && !turns.has(id) && chat.missing !== id; n += 1) {
    const session = await load(id, { quiet: true });
    if (session) {
      unchanged = session.updated_at === before ? unchanged + 1 : 0;
      before = session.updated_at;
      const last = session.messages?.at(-1);
      if (last?.role === 'assistant' && !last.partial && !last.tool_calls?.length) {
        ends.delete(id);
        break;
      }
    }
    await new Promise((done) => setTimeout(done, FOLLOW_MS));
  }
}

// A turn that this page did not begin, or began before it was loaded anew: the fleet tells of it.
export function runsElsewhere(id) {
  void now.value;
  if (id === NEW || turns.has(id) || activityOf(sessions.get(id) ?? {}) !== 'working') return false;
  // The fleet hears of the end of our own turn a moment later than we do.
  return Date.now() - (ends.get(id)?.at ?? 0) > SETTLE_MS;
}

export async function stop(id) {
  const turn = turns.get(id) ?? (runsElsewhere(id) ? { phase: 'answering' } : null);
  if (!turn || turn.phase !== 'answering') return;
  turn.phase = 'stopping';
  try {
    await client.cancel(id);
    note(`[session.cancel] ${id}`);
  } catch (error) {
    complain(error);
    if (turns.get(id) === turn) turn.phase = 'answering';
  }
}

// Reads an answer aloud, some sentences at a time, as it comes.
function speaker() {
  let text = '';
  let said = 0;
  return {
    hear({ event, data }) {
      if (event === 'tool_call') {
        this.finish();
        say(`Tool ${data.name} ${data.is_error ? 'failed' : 'was used'}`);
        return;
      }
      text += data;
      const upTo = Math.max(text.lastIndexOf('\n\n'), text.lastIndexOf('. '), text.lastIndexOf('.\n'));
      if (upTo - said > 80) {
        say(text.slice(said, upTo + 1));
        said = upTo + 1;
      }
    },
    finish() {
      say(text.slice(said));
      text = '';
      said = 0;
    },
  };
}

// --- what happens elsewhere

let listing = null;
let shown = 0; // how many views show the chat

on('fleet_changed', ({ session }) => {
  if (session?.origin !== 'chat' || shown === 0) return;
  listing ??= setTimeout(async () => {
    listing = null;
    await loadList({ quiet: true });
    const id = route.name === 'chat' ? route.id : null;
    if (id && conversations.has(id)) void load(id, { quiet: true });
  }, 700);
});

export function watchList() {
  shown += 1;
  return () => { shown -= 1; };
}
