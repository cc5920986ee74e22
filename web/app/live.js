// The Socket.IO connection: one socket, the rooms it should be in, and how fresh what it tells is.

import { reactive } from '/vendor/vue.js';
import { token, needToken } from './token.js';

const PROBE_EVERY_MS = 5000;
const PROBE_TIMEOUT_MS = 4000;
const OFFLINE_AFTER_MS = 15_000;

// phase: connecting (first time), live, unanswered (connected, but the daemon does not react), reconnecting, offline
export const connection = reactive({ phase: 'connecting', since: Date.now(), heard: 0, rtt: null });

const rooms = new Map();
const socket = window.io({
  path: '/socket.io/',
  transports: ['websocket', 'polling'],
  tryAllTransports: true,
  reconnectionDelay: 250,
  reconnectionDelayMax: 3000,
  timeout: 8000,
  auth: (give) => give(token.value ? { token: token.value } : {}),
});

function enter(phase) {
  if (connection.phase === phase) return;
  // "Since" counts from the moment the connection was lost, whatever it is called by now.
  const lost = ['reconnecting', 'offline'];
  if (!(lost.includes(phase) && lost.includes(connection.phase))) connection.since = Date.now();
  connection.phase = phase;
}

// Not reactive for every packet: a flood of output would redraw the banner each time.
let heard = 0;
const hear = () => { heard = Date.now(); };
setInterval(() => { if (connection.heard !== heard) connection.heard = heard; }, 1000);

socket.on('connect', () => {
  hear();
  socket.io.engine.on('packet', hear);
  enter('live');
  probe();
  for (const room of rooms.values()) enterRoom(room);
});

socket.on('disconnect', (reason) => {
  connection.rtt = null;
  enter('reconnecting');
  // After a disconnect by the server the client does not try again by itself.
  if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 1000);
});

socket.on('connect_error', (error) => {
  if (connection.phase === 'live') enter('reconnecting');
  if (error.data?.code === 'WS_INVALID_TOKEN') {
    needToken();
    return;
  }
  // A refusal by the server (as opposed to an unreachable one) ends the client's own attempts.
  if (!socket.active) setTimeout(() => socket.connect(), 3000);
});

socket.on('server_ping', (...args) => {
  const ack = args[args.length - 1];
  if (typeof ack === 'function') ack();
});

// Engine.IO notices a dead peer after a minute and a half. A person wants to know earlier.
async function probe() {
  if (!socket.connected || document.hidden) return;
  const sentAt = performance.now();
  try {
    await socket.timeout(PROBE_TIMEOUT_MS).emitWithAck('ping');
    connection.rtt = performance.now() - sentAt;
    if (socket.connected) enter('live');
  } catch {
    if (socket.connected && Date.now() - heard > PROBE_TIMEOUT_MS) {
      connection.rtt = null;
      enter('unanswered');
    }
  }
}
setInterval(probe, PROBE_EVERY_MS);

setInterval(() => {
  const lost = connection.phase === 'reconnecting' || connection.phase === 'connecting';
  if (lost && (Date.now() - connection.since > OFFLINE_AFTER_MS || !navigator.onLine)) enter('offline');
}, 1000);

// A laptop that wakes up, or a phone that finds its network, should not wait for the next attempt.
export function retry() {
  if (socket.connected) probe();
  else {
    socket.disconnect();
    socket.connect();
  }
}
addEventListener('online', retry);
document.addEventListener('visibilitychange', () => { if (!document.hidden) retry(); });

export const on = (event, fn) => { socket.on(event, fn); return () => socket.off(event, fn); };
export const connected = () => socket.connected;

// Sends only while connected: what a person types must never arrive later at a screen they have not seen.
export async function emit(event, payload, timeout = 8000) {
  if (!socket.connected) throw new Error('Not connected');
  let answer;
  try {
    answer = await socket.timeout(timeout).emitWithAck(event, payload);
  } catch {
    throw new Error('The daemon did not answer');
  }
  if (answer && answer.ok === false) {
    const error = new Error(answer.error?.message ?? 'Refused');
    error.code = answer.error?.code;
    throw error;
  }
  return answer ?? {};
}

// Joins now and after every new connection. `joined(ack)` runs each time, so that its owner can catch up on what it
// missed; `refused(error)` when the daemon says no.
export function join(event, payload, { joined = () => {}, refused = () => {} } = {}) {
  const key = `${event} ${JSON.stringify(payload)}`;
  let room = rooms.get(key);
  if (!room) {
    room = { key, event, payload, users: new Set() };
    rooms.set(key, room);
  }
  const user = { joined, refused };
  room.users.add(user);
  if (socket.connected) enterRoom(room, [user]);
  return () => {
    room.users.delete(user);
    if (room.users.size > 0 || rooms.get(key) !== room) return;
    rooms.delete(key);
    if (socket.connected) socket.emit(event.replace('join_', 'leave_'), payload);
  };
}

async function enterRoom(room, users = room.users) {
  const onThis = socket.id;
  try {
    // Joining again after a recovered connection changes nothing on the server, and its answer says what is missing.
    const answer = await emit(room.event, room.payload);
    for (const user of [...users]) user.joined(answer);
  } catch (error) {
    if (socket.id !== onThis || rooms.get(room.key) !== room) return;
    if (!error.code || error.code === 'E_RATE_LIMIT' || error.code === 'E_INTERNAL') {
      setTimeout(() => { if (socket.id === onThis && rooms.get(room.key) === room) void enterRoom(room, users); }, 5000);
    }
    for (const user of [...users]) user.refused(error);
  }
}

export function reconnectWithToken() {
  socket.disconnect();
  socket.connect();
}
