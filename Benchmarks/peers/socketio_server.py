"""The room server on python-socketio and aiohttp."""

import json
import resource
import sys

import socketio
from aiohttp import web

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=25, ping_timeout=60, cors_allowed_origins=[])
app = web.Application()
sio.attach(app)


@sio.on("join")
async def join(sid, room):
    await sio.enter_room(sid, room)
    return {"ok": True}


@sio.on("leave")
async def leave(sid, room):
    await sio.leave_room(sid, room)
    return {"ok": True}


@sio.on("echo")
async def echo(sid, value):
    return value


@sio.on("publish")
async def publish(sid, value):
    await sio.emit("ev", value, room="r")
    return {"ok": True}


async def health(request):
    return web.json_response({"status": "ok"})


app.router.add_get("/health", health)


async def started(app):
    print(json.dumps({"port": int(sys.argv[1])}), flush=True)


app.on_startup.append(started)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, backlog=4096)
