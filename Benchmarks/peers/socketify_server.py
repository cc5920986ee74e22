"""The room server on uWebSockets, through socketify: plain WebSocket, publish and subscribe in C++."""

import json
import resource
import sys

from socketify import App, OpCode

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
app = App()
health = json.dumps({"status": "ok"})


def message(ws, text, opcode):
    # What is to be published goes out as it came in: no JSON is read, which is more than Drover may do.
    if text.startswith('{"publish":'):
        app.publish("r", text[11:-1], OpCode.TEXT, False)
    elif text.startswith('{"echo":'):
        ws.send(text, OpCode.TEXT)
    elif text.startswith('{"join":'):
        ws.subscribe(json.loads(text)["join"])
        ws.send('{"ok":true}', OpCode.TEXT)


def answer(response, request):
    response.write_header("Content-Type", "application/json")
    response.end(health)


app.ws(
    "/ws",
    {
        "compression": 0,
        "max_payload_length": 1_000_000,
        "max_backpressure": 64 * 1024 * 1024,
        "idle_timeout": 120,
        "message": message,
    },
)
app.get("/health", answer)
app.listen({"port": int(sys.argv[1]), "host": "127.0.0.1"}, lambda config: print(json.dumps({"port": config.port}), flush=True))
app.run()
