"""The least that carries a terminal to browsers in Python: one PTY, the `websockets` library, one broadcast a read."""

import asyncio
import json
import os
import pty
import sys

import websockets
from websockets.asyncio.server import broadcast, serve

viewers = set()


async def viewer(connection):
    viewers.add(connection)
    try:
        await connection.wait_closed()
    finally:
        viewers.discard(connection)


async def main():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def readable():
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        if data:
            broadcast(viewers, data.decode("utf-8", "replace"))
        else:
            loop.remove_reader(terminal)
            ended.done() or ended.set_result(None)

    loop.add_reader(terminal, readable)
    async with serve(viewer, "127.0.0.1", int(sys.argv[1]), compression=None):
        print(json.dumps({"port": int(sys.argv[1])}), flush=True)
        await ended


asyncio.run(main())
