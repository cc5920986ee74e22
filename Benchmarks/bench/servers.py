"""How Drover and each peer is started, and how the load client speaks to it."""

import getpass
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from .machine import CACHE, HERE, LOAD_CORE, PYTHON, ROOT, SCRATCH, SERVER_CORE, Failure, free_port, pinned, resident_kb, tree

BIN = pathlib.Path(os.environ.get("DROVER_BIN", ROOT / ".build" / "release"))
PEERS = HERE / "peers"


class Server:
    """One running server. `load` says how the load client speaks to it."""

    title = "?"
    load = []
    start_limit = 15

    def __init__(self):
        self.port = None
        self.process = None
        self.ready_ms = None
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=SCRATCH.name))
        self.log = self.directory / "stderr"

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def ready(self, line):
        """Takes a line of stdout; says whether the server is ready."""
        try:
            self.port = int(json.loads(line)["port"])
            return True
        except (ValueError, KeyError, TypeError):
            return False

    def start(self):
        self.port = free_port()
        command = [str(word) for word in self.command()]
        if not shutil.which(command[0]):
            raise Failure(f"{command[0]} is not there")
        begin = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.environment(),
                cwd=self.directory, preexec_fn=pinned(SERVER_CORE), start_new_session=True)
        self.await_ready(begin)
        self.ready_ms = (time.monotonic() - begin) * 1000
        return self

    def await_ready(self, begin):
        pending = b""
        while time.monotonic() - begin < self.start_limit:
            if select.select([self.process.stdout], [], [], 0.5)[0]:
                chunk = os.read(self.process.stdout.fileno(), 65536)
                pending += chunk
                *lines, pending = pending.split(b"\n")
                if any(self.ready(line) for line in lines):
                    return
                if not chunk:
                    break
        self.stop()
        raise Failure(f"{self.title} did not start: {self.complaint()}")

    def complaint(self):
        text = self.kept_log if hasattr(self, "kept_log") else ""
        return text.strip()[-400:] or f"it said nothing (status {self.process.poll()})"

    def stop(self):
        if self.process:
            members = tree(self.process.pid)
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                pass
            for pid in members:  # ours, and in a session of their own
                try:
                    if pid == self.process.pid and self.process.poll() is not None:
                        continue
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
            self.process.stdout.close()
        try:
            self.kept_log = self.log.read_text(errors="replace")
        except OSError:
            self.kept_log = ""
        shutil.rmtree(self.directory, ignore_errors=True)

    def alive(self):
        return self.process.poll() is None

    def resident_kb(self):
        return resident_kb(self.process.pid)

    def run_load(self, mode, *options, seconds=2.0, **_):
        """Runs the load client against this server and returns what it printed."""
        command = [CACHE / "load", mode, "--port", self.port, *self.load, *options]
        if mode != "idle":
            command += ["--seconds", seconds]
        for pid in tree(self.process.pid)[:64]:
            command += ["--server-pid", pid]
        try:
            done = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, timeout=seconds + 60,
                preexec_fn=pinned(LOAD_CORE))
        except subprocess.TimeoutExpired:
            raise Failure(f"the load client took more than {seconds + 60:.0f} s") from None
        if done.returncode:
            raise Failure(done.stderr.strip() or f"the load client ended with status {done.returncode}")
        return json.loads(done.stdout)

    def hold_idle(self, count):
        """Opens connections that do nothing; returns a function that lets go of them."""
        holder = subprocess.Popen(
            [str(word) for word in [CACHE / "load", "idle", "--port", self.port, *self.load, "--n", count]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=pinned(LOAD_CORE))

        def let_go():
            holder.stdin.close()
            try:
                holder.wait(10)
            except subprocess.TimeoutExpired:
                holder.kill()
                holder.wait()
            holder.stdout.close()
            holder.stderr.close()

        if not select.select([holder.stdout], [], [], 60)[0] or "ready" not in holder.stdout.readline():
            holder.kill()
            complaint = holder.stderr.read().strip()
            let_go()
            raise Failure(complaint or "the connections could not be opened in 60 s")
        return let_go


class RoomServer(Server):
    title = "Drover"
    load = ["--proto", "sio"]

    def command(self):
        return [BIN / "room-server", "--port", "0"]


class RoomServerWebSocket(Server):
    title = "Drover"
    load = ["--proto", "ws", "--pub", "http", "--pub-room", "r"]

    def command(self):
        return [BIN / "room-server", "--port", "0", "--ws"]


class NodeServer(Server):
    title = "Node"
    load = ["--proto", "sio"]

    def command(self):
        return ["node", PEERS / "node_server.js", self.port]

    def environment(self):
        return os.environ | {"NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"}


class PythonSocketIOServer(Server):
    title = "python-socketio"
    load = ["--proto", "sio"]

    def command(self):
        return [PYTHON, PEERS / "socketio_server.py", self.port]


class SocketifyServer(Server):
    title = "uWebSockets"
    load = ["--proto", "ws"]

    def command(self):
        return [PYTHON, PEERS / "socketify_server.py", self.port]


class ListeningServer(Server):
    """A server that does not say when it is ready: we try until it answers."""

    def await_ready(self, begin):
        import socket

        while time.monotonic() - begin < self.start_limit and self.alive():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    probe.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                    if probe.recv(1):  # somebody is at work behind the listening socket
                        return
            except OSError:
                time.sleep(0.002)
        self.stop()
        raise Failure(f"{self.title} did not start: {self.complaint()}")


class NchanServer(ListeningServer):
    title = "nginx + nchan"
    load = ["--proto", "raw", "--pub", "http"]

    def command(self):
        from .machine import describe

        files = describe()["files"]
        words = {
            "MODULES": "/usr/lib/nginx/modules",
            "USER": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
            "DIR": str(self.directory),
            "PORT": str(self.port),
            "FILES": str(files),
            "CONNECTIONS": str(min(files, 16384)),
        }
        text = (PEERS / "nchan.conf").read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        path = self.directory / "nginx.conf"
        path.write_text(text)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        return [nginx, "-e", "stderr", "-p", self.directory, "-c", path]


class NatsServer(ListeningServer):
    title = "NATS"
    load = ["--proto", "nats"]

    def command(self):
        return [shutil.which("nats-server") or "/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", self.port]


class Daemon(Server):
    """`drover up` in a home of its own."""

    title = "Drover"
    load = ["--proto", "sio"]

    def command(self):
        return [BIN / "drover", "up"]

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        home = self.directory
        return kept | {
            "HOME": str(home),
            "DROVER_HOME": str(home / ".drover"),
            "DROVER_PORT": "0",
            "XDG_RUNTIME_DIR": str(home),
            "CAPACITOR_DAEMON_SOCKET": str(home / "ipc.sock"),
            "RTM_SOCKET_PATH": str(home / "rpc.sock"),
            "RTM_HOME": str(home / "rtm"),
        }

    def ready(self, line):
        try:
            self.port = int(json.loads(line)["http"].rstrip("/").rpartition(":")[2])
            return True
        except (ValueError, KeyError, TypeError):
            return False

    def health_path(self):
        """The chat runtime's health where it is served, else the control plane's."""
        for path in ("/api/health", "/healthz"):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5).close()
                return path
            except urllib.error.HTTPError:
                continue
            except OSError as error:
                raise Failure(f"GET {path}: {error}") from None
        raise Failure("the daemon answers neither /api/health nor /healthz with 2xx")

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except OSError as error:
            detail = error.read().decode(errors="replace") if hasattr(error, "read") else ""
            raise Failure(f"POST {path}: {error} {detail[:300]}") from None


class TerminalDaemon(Daemon):
    """The daemon with a program that writes marks into a PTY."""

    ticks = 60

    def start(self):
        super().start()
        try:
            body = {"providerId": "command", "command": {"argv": [str(CACHE / "ticker"), str(self.ticks)]}}
            self.session = self.post("/api/runner/sessions", body)["sessionId"]
        except (Failure, KeyError):
            self.stop()
            raise
        join = json.dumps(["join_session", {"sessionId": self.session}], separators=(",", ":"))
        self.load = ["--proto", "sio", "--join", "420" + join]
        return self


class TerminalWebSockets(Server):
    title = "Python websockets"
    load = ["--proto", "raw"]
    program = "terminal_websockets.py"

    def command(self):
        return [PYTHON, PEERS / self.program, self.port, CACHE / "ticker", TerminalDaemon.ticks]


class TerminalTerminado(TerminalWebSockets):
    title = "terminado"
    program = "terminal_terminado.py"
