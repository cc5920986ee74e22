// The runtime RPC's transport on Node's `net`: one line, one answer, one connection. Nothing is durable, and no process
// is started.
'use strict';
const net = require('net');

const version = {
    version: '0.1.0', git_sha: 'unknown', protocol_version: '0.3',
    capabilities: [
        'structured_protocol_errors', 'headless_stdio_log_paths', 'status_session_set_filter', 'status_updated_since_filter',
        'typed_nudge_outcomes', 'validate_target_preflight', 'events_cursor', 'events_long_poll', 'tmux_pane_snapshot',
    ],
};

const rows = Array.from({ length: 1000 }, (_, number) => {
    const session = `019cad10-4e20-7b31-a6f0-${number.toString(16).padStart(12, '0')}`;
    return {
        session_id: session, runtime: 'claude', state: { exited: { code: 0, signal: null } }, shim_pid: 48210,
        runtime_pid: 48211, start_time: '2026-03-02T08:15:30.120Z', tmux_pane: null, log_availability: {
            type: 'headless',
            payload: { stdout_path: `/srv/rtm/logs/${session}/stdout.log`, stderr_path: `/srv/rtm/logs/${session}/stderr.log` },
        },
    };
});
const events = [];
let waiters = new Map();

function answer(socket, type, payload) {
    socket.end(JSON.stringify(payload === undefined ? { type } : { type, payload }) + '\n');
}

function tell(socket, since) {
    answer(socket, 'events', { events: events.slice(since), cursor: events.length });
}

function handle(socket, request) {
    const payload = request.payload || {};
    switch (request.type) {
    case 'version': return answer(socket, 'version', { version });
    case 'status': return answer(socket, 'status', { lifecycles: rows });
    case 'watchers':
        return answer(socket, 'watchers', {
            watchers: { process_exit_watchers: 0, shim_sockets: 0, event_waiters: waiters.size },
        });
    case 'events': {
        const since = payload.since || 0;
        if (since < events.length || !payload.wait_ms) return tell(socket, since);
        waiters.set(socket, since);
        socket.on('close', () => waiters.delete(socket));
        return undefined;
    }
    case 'shim_exit': {
        const { session_id, exit } = payload.exit;
        events.push({ type: 'terminated', payload: { session_id, exit_code: exit.code, signal: null, evidence: 'shim_exit' } });
        const woken = waiters;
        waiters = new Map();
        for (const [waiter, since] of woken) tell(waiter, since);
        return answer(socket, 'ack');
    }
    }
    return socket.destroy();
}

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let pending = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (text) => {
        pending += text;
        const end = pending.indexOf('\n');
        if (end < 0) return;
        handle(socket, JSON.parse(pending.slice(0, end)));
        pending = '';
    });
    socket.on('end', () => socket.end());
});
server.listen({ path: process.argv[2], backlog: 1024 }, () => console.log('{"port":0}'));
