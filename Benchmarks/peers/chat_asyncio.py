"""The chat on asyncio, by hand: a Protocol, sessions in a dict, the answers of the mock provider.

    chat_asyncio.py PORT DATABASE

Each of a turn's two messages is committed to SQLite with synchronous=FULL before what follows it is sent.
"""

import asyncio
import json
import sqlite3
import sys
import time
import uuid

sessions = {}
database = None
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n")


def encoded(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def event(name, data):
    payload = f"event: {name}\ndata: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def keep(session, role, content):
    session["messages"].append({"role": role, "content": content})
    session["updated_at"] = time.time()
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (session["id"], session["updated_at"]))
    database.execute("INSERT INTO messages VALUES (?, ?, ?)", (session["id"], role, content))
    database.execute("COMMIT")


class Chat(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.pending = transport, b""

    def data_received(self, data):
        self.pending += data
        while (head := self.pending.find(b"\r\n\r\n")) >= 0:
            length = 0
            for line in self.pending[:head].split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(self.pending) < head + 4 + length:
                return
            body, self.pending = self.pending[head + 4 : head + 4 + length], self.pending[head + 4 + length :]
            self.turn(json.loads(body))

    def turn(self, request):
        key = request.get("session_id") or str(uuid.uuid4())
        session = sessions.setdefault(key, {"id": key, "messages": []})
        keep(session, "user", request["message"])
        write = self.transport.write
        write(HEAD + event("session", encoded({"session_id": key})))
        text = "Mock response to: " + request["message"]
        for at in range(0, len(text), 10):
            write(event("delta", text[at : at + 10]))
        keep(session, "assistant", text)
        usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
        write(event("done", encoded({"session_id": key, "usage": usage, "finish_reason": "stop"})) + b"0\r\n\r\n")


async def main():
    global database
    database = sqlite3.connect(sys.argv[2], isolation_level=None)
    database.executescript("""
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=FULL;
        CREATE TABLE sessions (id TEXT PRIMARY KEY, updated_at REAL);
        CREATE TABLE messages (session_id TEXT, role TEXT, content TEXT);
        CREATE INDEX messages_of_session ON messages (session_id);
    """)
    server = await asyncio.get_running_loop().create_server(Chat, "127.0.0.1", int(sys.argv[1]))
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
