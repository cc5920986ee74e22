"""The chat's servers, and the provider of models behind them: how each is started, and how the load client reads their streams."""

import json
import pathlib
import select
import shutil
import subprocess
import tempfile

from .machine import CACHE, LOAD_CORE, PYTHON, Failure, pinned
from .servers import PEERS, Daemon, Server


def run_streams(mode, port, *options, pids=(), limit=80):
    """Runs the load client for streams and returns what it printed."""
    words = [CACHE / "streams", mode, "--port", port, *options]
    for pid in pids:
        words += ["--server-pid", pid]
    try:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=limit, preexec_fn=pinned(LOAD_CORE))
    except subprocess.TimeoutExpired:
        raise Failure(f"the load client took more than {limit} s") from None
    if done.returncode:
        raise Failure(done.stderr.strip() or f"the load client ended with status {done.returncode}")
    return json.loads(done.stdout)


class Provider:
    """Streams deltas with time stamps. It belongs to the load, and shares its core."""

    deltas = 300
    interval_us = 2000

    def __init__(self):
        self.process = subprocess.Popen(
            [str(word) for word in (CACHE / "provider", self.deltas, self.interval_us)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, preexec_fn=pinned(LOAD_CORE))
        self.port = json.loads(self.process.stdout.readline())["port"]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class ChatServer(Server):
    """Answers POST /api/chat, by itself or from a provider."""

    def streams(self, mode, *options):
        return run_streams(mode, self.port, *options, pids=[self.process.pid])


class ChatDaemon(Daemon, ChatServer):
    """The daemon with the mock provider."""

    def llm(self):
        return {"llm": {"provider": "mock"}}

    def start(self):
        home = self.directory / ".drover"
        home.mkdir(mode=0o700)
        config = home / "config.json"
        config.write_text(json.dumps(self.llm()))
        config.chmod(0o600)
        return super().start()


class ChatInMemory(ChatDaemon):
    """The same with its home in memory: what is left without the disk."""

    def __init__(self):
        super().__init__()
        shutil.rmtree(self.directory)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="drover-bench-", dir="/dev/shm"))
        self.log = self.directory / "stderr"


class ChatNode(ChatServer):
    title = "Node"

    def command(self):
        return ["node", PEERS / "chat_node.js", self.port]


class ChatSQLite(ChatServer):
    title = "asyncio + SQLite"

    def command(self):
        return [PYTHON, PEERS / "chat_asyncio.py", self.port, self.directory / "peer.db"]


class Behind:
    """A server that asks a provider of ours."""

    def start(self):
        self.provider = Provider()
        try:
            return super().start()
        except Failure:
            self.provider.stop()
            raise

    def stop(self):
        self.provider.stop()
        super().stop()

    def hold(self, count, body):
        """Opens streams that stay open; returns a function that lets go of them."""
        words = [CACHE / "streams", "hold", "--port", self.port, "--n", count, "--body", body, "--deltas", 5]
        holder = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=pinned(LOAD_CORE))

        def let_go():
            holder.stdin.close()
            try:
                holder.wait(10)
            except subprocess.TimeoutExpired:
                holder.kill()
                holder.wait()
            holder.stdout.close()
            holder.stderr.close()

        if not select.select([holder.stdout], [], [], 40)[0] or "ready" not in holder.stdout.readline():
            holder.kill()
            complaint = holder.stderr.read().strip()
            let_go()
            raise Failure(complaint or f"{count} streams have not begun in 40 s")
        return let_go


class BehindDaemon(Behind, ChatDaemon):
    def llm(self):
        llm = {"provider": "openai", "model": "bench", "base_url": f"http://127.0.0.1:{self.provider.port}/v1"}
        return {"llm": llm, "secrets": {"openai_api_key": "x"}}


class BehindInMemory(Behind, ChatInMemory):
    llm = BehindDaemon.llm


class BehindNode(Behind, ChatNode):
    def command(self):
        return super().command() + [self.provider.port]
