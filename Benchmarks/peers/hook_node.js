// What a hook in Node does: read what the agent says, send a line, wait for the answer.
'use strict';
const fs = require('fs');
const net = require('net');

const told = JSON.parse(fs.readFileSync(0, 'utf8'));
const params = {
    event_id: `evt-${Date.now()}-${process.ppid}-${Math.random().toString(16).slice(2)}`, recorded_at: new Date().toISOString(),
    event_type: 'pre_tool_use', session_id: told.session_id, pid: process.ppid, cwd: told.cwd, tool: told.tool_name,
    file_path: told.tool_input.file_path,
};
const peer = net.connect(process.env.CAPACITOR_DAEMON_SOCKET);
peer.write(JSON.stringify({ protocol_version: 1, method: 'event', params }) + '\n');
let answer = '';
peer.setEncoding('utf8');
peer.on('data', (text) => {
    answer += text;
    if (answer.endsWith('\n')) process.exit(JSON.parse(answer).ok ? 0 : 1);
});
