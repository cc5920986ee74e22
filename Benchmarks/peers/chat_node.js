// The chat on Node: `http`, sessions in a Map, and the events written one by one as an ordinary program does.
//
//   chat_node.js PORT                  answers a turn as the mock provider does; nothing is kept on the disk
//   chat_node.js PORT PROVIDER_PORT    asks the provider, and passes its deltas on
'use strict';
const http = require('http');
const crypto = require('crypto');

const port = Number(process.argv[2]);
const providerPort = Number(process.argv[3] || 0);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
const sessions = new Map();

function touch(session, message) {
    session.messages.push(message);
    session.updated_at = new Date().toISOString();
}

function event(response, name, data) {
    response.write(`event: ${name}\ndata: ${data}\n\n`);
}

function done(response, session, text, usage) {
    touch(session, { role: 'assistant', content: text });
    event(response, 'done', JSON.stringify({ session_id: session.id, usage, finish_reason: 'stop' }));
    response.end();
}

function mock(response, session, message) {
    const text = 'Mock response to: ' + message, scalars = Array.from(text);
    for (let at = 0; at < scalars.length; at += 10) event(response, 'delta', scalars.slice(at, at + 10).join(''));
    done(response, session, text, { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 });
}

function ask(response, session) {
    const body = JSON.stringify({ model: 'bench', stream: true, stream_options: { include_usage: true }, messages: session.messages });
    const options = {
        agent, host: '127.0.0.1', port: providerPort, method: 'POST', path: '/v1/chat/completions',
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Authorization: 'Bearer x' },
    };
    const request = http.request(options, upstream => {
        let pending = '', text = '', usage = null;
        upstream.setEncoding('utf8');
        upstream.on('data', chunk => {
            pending += chunk;
            for (let end; (end = pending.indexOf('\n\n')) >= 0; pending = pending.slice(end + 2)) {
                const data = pending.slice(6, end);
                if (data === '[DONE]') return done(response, session, text, usage);
                const piece = JSON.parse(data), content = piece.choices[0]?.delta.content;
                if (piece.usage) usage = piece.usage;
                if (!content) continue;
                text += content;
                event(response, 'delta', content.replaceAll('\n', '\ndata: '));
            }
        });
    });
    request.on('error', () => response.destroy());
    request.end(body);
}

function chat(request, response) {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', chunk => { body += chunk; });
    request.on('end', () => {
        const { message, session_id: known } = JSON.parse(body), now = new Date().toISOString();
        const id = known || crypto.randomUUID();
        if (!sessions.has(id)) sessions.set(id, { id, created_at: now, updated_at: now, messages: [] });
        const session = sessions.get(id);
        touch(session, { role: 'user', content: message });
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
        event(response, 'session', JSON.stringify({ session_id: id }));
        providerPort ? ask(response, session) : mock(response, session, message);
    });
}

function list(response, summary) {
    const all = Array.from(sessions.values()).sort((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0));
    const shown = summary
        ? all.map(({ messages, ...rest }) => ({ ...rest, message_count: messages.length, preview: messages[0]?.content.slice(0, 120) ?? '' }))
        : all;
    const body = Buffer.from(JSON.stringify(shown));
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.end(body);
}

const server = http.createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/api/chat') chat(request, response);
    else if (request.url === '/api/sessions') list(response, false);
    else if (request.url === '/api/sessions?summary=1') list(response, true);
    else {
        response.writeHead(404, { 'Content-Length': 0 });
        response.end();
    }
});
server.keepAliveTimeout = 120000;
server.listen(port, '127.0.0.1', 4096, () => console.log(JSON.stringify({ port: server.address().port })));
