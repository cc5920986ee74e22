// The room server on Node: `http`, the `ws` package, and the Socket.IO wire protocol by hand.
//
// Neither Debian nor PyPI carries the Socket.IO server for Node, so this does the least that the protocol demands: it
// leaves out what the real one does besides (namespaces, middleware, adapters, packet objects) and sends a broadcast
// as one pre-encoded frame, as the real one does. It is faster than the real one, never slower.
'use strict';
const http = require('http');
const crypto = require('crypto');
const WebSocket = require('ws');

const port = Number(process.argv[2]);
const rooms = new Map();
const health = JSON.stringify({ status: 'ok' });

function broadcast(room, event, data) {
    const members = rooms.get(room);
    if (!members) return;
    const list = WebSocket.Sender.frame(Buffer.from('42' + JSON.stringify([event, data])), {
        fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false,
    });
    for (const socket of members) socket._sender.sendFrame(list);
}

function received(socket, text) {
    if (text === '3') return;
    if (text.startsWith('40')) {
        clearTimeout(socket.connectTimer);
        socket.send('40' + JSON.stringify({ sid: crypto.randomBytes(15).toString('base64url') }));
        return;
    }
    const match = /^42(\d*)\[/.exec(text);
    if (!match) return socket.close();
    const [event, value] = JSON.parse(text.slice(2 + match[1].length));
    let answer = [];
    switch (event) {
        case 'join':
            if (!rooms.has(value)) rooms.set(value, new Set());
            rooms.get(value).add(socket);
            socket.joined.add(value);
            answer = [{ ok: true }];
            break;
        case 'leave':
            rooms.get(value)?.delete(socket);
            socket.joined.delete(value);
            answer = [{ ok: true }];
            break;
        case 'echo':
            answer = [value];
            break;
        case 'publish':
            broadcast('r', 'ev', value);
            answer = [{ ok: true }];
            break;
    }
    if (match[1]) socket.send('43' + match[1] + JSON.stringify(answer));
}

const server = http.createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/health') {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': health.length });
        response.end(health);
    } else {
        response.writeHead(404, { 'Content-Length': 0 });
        response.end();
    }
});

const sockets = new WebSocket.Server({ server, perMessageDeflate: false, maxPayload: 1e6 });
sockets.on('connection', socket => {
    socket.joined = new Set();
    const ping = () => { socket.send('2'); socket.pingTimer = setTimeout(ping, 25000); };
    socket.pingTimer = setTimeout(ping, 25000);
    socket.connectTimer = setTimeout(() => socket.close(), 45000);
    socket.on('message', data => received(socket, data.toString()));
    socket.on('error', () => {});
    socket.on('close', () => {
        clearTimeout(socket.pingTimer);
        clearTimeout(socket.connectTimer);
        for (const room of socket.joined) rooms.get(room).delete(socket);
    });
    socket.send('0' + JSON.stringify({
        sid: crypto.randomBytes(15).toString('base64url'), upgrades: [], pingInterval: 25000, pingTimeout: 60000, maxPayload: 1e6,
    }));
});

server.keepAliveTimeout = 120000;
server.listen(port, '127.0.0.1', 4096, () => console.log(JSON.stringify({ port: server.address().port })));
