"""The Telegram channel and the tools that reach out: a scripted Bot API, a scripted search, an MCP server."""

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.chat import ChatDaemon
from harness.waiting import eventually

TOKEN = "123:secret-token"


class BotAPI:
    """Telegram as far as a bot sees it."""

    def __init__(self):
        self.updates: list[dict] = []
        self.sent: list[dict] = []
        self.asked: list[str] = []
        self.failures: list[tuple[int, dict]] = []
        self.news = threading.Condition()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status: int, body: dict) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                assert self.path.startswith(f"/bot{TOKEN}/getUpdates?")
                query = dict(part.split("=") for part in self.path.split("?")[1].split("&"))
                offset = int(query.get("offset", 0))
                with api.news:
                    api.asked.append(self.path)
                    api.news.wait_for(lambda: any(u["update_id"] >= offset for u in api.updates), timeout=1)
                    found = [update for update in api.updates if update["update_id"] >= offset]
                self.answer(200, {"ok": True, "result": found})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == f"/bot{TOKEN}/sendMessage"
                with api.news:
                    if api.failures:
                        status, failure = api.failures.pop(0)
                        return self.answer(status, failure)
                    api.sent.append(body)
                self.answer(200, {"ok": True, "result": {}})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def write(self, number: int, text: str | None, chat: int = 7, user: int = 9) -> None:
        message = {"message_id": number, "chat": {"id": chat}, "from": {"id": user}}
        if text is not None:
            message["text"] = text
        with self.news:
            self.updates.append({"update_id": number, "message": message})
            self.news.notify_all()


@pytest.fixture
def bot() -> Iterator[BotAPI]:
    api = BotAPI()
    try:
        yield api
    finally:
        api.server.shutdown()
        api.server.server_close()


@contextlib.contextmanager
def running(configuration: dict, **variables: str) -> Iterator[ChatDaemon]:
    daemon = ChatDaemon({"llm": {"provider": "mock"}} | configuration, **variables)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def telegram(bot: BotAPI | None, **fields) -> dict:
    return {
        "channels": {"telegram": {"enabled": True, "api_base_url": bot.url if bot else "mock://here"} | fields},
        "secrets": {"telegram_bot_token": TOKEN},
    }


def update(text: str | None, number: int = 1, chat: int = 7, user: int = 9) -> dict:
    message = {"message_id": number, "chat": {"id": chat}, "from": {"id": user}}
    return {"update_id": number, "message": message | ({"text": text} if text is not None else {})}


def test_people_are_answered_and_keep_their_sessions(bot):
    with running(telegram(bot, polling=True)) as daemon:
        bot.write(1, "hello")
        eventually(lambda: bot.sent, "the answer was sent")
        assert bot.sent == [{"chat_id": "7", "text": "Mock response to: hello"}]
        bot.write(2, "again")
        bot.write(3, "from another", user=10)
        bot.write(4, None)
        eventually(lambda: len(bot.sent) == 3, "all were answered")
        sessions = daemon.get("/api/sessions").json()
        assert sorted(len(session["messages"]) for session in sessions) == [2, 4]
        # What was taken is confirmed, so it does not come again.
        eventually(lambda: any("offset=5" in path for path in bot.asked), "the updates are confirmed")
        status = daemon.get("/api/channels/status").json()
        assert status["enabled_channels"] == ["telegram"]
        assert status["connectors"][0]["status"] == "running"
        assert status["telegram"] == {
            "enabled": True, "polling": True, "api_base_url": bot.url, "webhook_secret_configured": False,
        }  # fmt: skip
        assert TOKEN not in daemon.log_text()


def test_an_answer_is_tried_three_times(bot):
    with running(telegram(bot, polling=True)):
        bot.failures = [(500, {"ok": False}), (429, {"ok": False})]
        bot.write(1, "hello")
        eventually(lambda: bot.sent, "the third attempt came through")


def test_the_webhook_answers_when_the_message_is_delivered(bot):
    with running(telegram(bot, webhook_secret="s3cret")) as daemon:
        hook = "/api/channels/telegram/webhook"
        assert daemon.post(hook, update("hi")).status_code == 403
        assert daemon.post(hook, update("hi"), headers={"x-telegram-bot-api-secret-token": "wrong"}).status_code == 403
        right = {"x-telegram-bot-api-secret-token": "s3cret"}
        answer = daemon.post(hook, update("hi"), headers=right)
        assert answer.status_code == 200
        session = answer.json()["session_id"]
        assert answer.json() == {"ok": True, "ignored": False, "session_id": session}
        assert bot.sent == [{"chat_id": "7", "text": "Mock response to: hi"}]
        assert len(daemon.get(f"/api/sessions/{session}").json()["messages"]) == 2
        again = daemon.post(hook, update("more", 2), headers=right).json()
        assert again["session_id"] == session
        assert daemon.post(hook, update(None, 3), headers=right).json() == {
            "ok": True, "ignored": True, "session_id": None,
        }  # fmt: skip
        assert daemon.post(hook, {"no": "update"}, headers=right).status_code == 400
        bot.failures = [(403, {"ok": False, "description": f"blocked {TOKEN}"})]
        failed = daemon.post(hook, update("gone", 4), headers=right)
        assert failed.status_code == 500
        assert TOKEN not in failed.text
        assert daemon.get("/api/channels/status").json()["connectors"][0]["status"] == "failing"


@pytest.mark.parametrize(
    ("text", "status"), [("x [telegram-retry:2]", 200), ("x [telegram-outage]", 500), ("x [telegram-permanent]", 500)]
)
def test_the_mock_fails_as_it_is_told(text, status):
    with running(telegram(None)) as daemon:
        # The mock model repeats what it was told, and so the marker is in the answer.
        assert daemon.post("/api/channels/telegram/webhook", update(text)).status_code == status


def test_without_a_channel_its_routes_say_so():
    with running({}) as daemon:
        assert daemon.get("/api/channels/status").json()["enabled_channels"] == []
        answer = daemon.post("/api/channels/telegram/webhook", update("hi"))
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
        assert daemon.get("/api/channels/nothing").json()["code"] == "not_found"


SERVER = """
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    method = request["method"]
    if method == "initialize":
        result = {"protocolVersion": request["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "t", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "shout", "description": "Shouts", "inputSchema": {"type": "object"}}]}
    else:
        result = {"content": [{"type": "text", "text": "HELLO " + os.environ.get("GREETED", "?")
                               + os.environ.get("OPENAI_API_KEY", "")}]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"""


def test_tools_of_servers_are_tools_like_all_others(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    servers = {"mcp_servers": {"loud": {"command": sys.executable, "args": [str(script)], "env": {"GREETED": "you"}}}}
    with running(servers, OPENAI_API_KEY="sk-secret") as daemon:
        events = daemon.chat("use_tool: loud__shout")
        calls = [event.json for event in events if event.name == "tool_call"]
        assert calls
        assert (calls[0]["output"], calls[0]["is_error"]) == ("HELLO you", False)
