"""A daemon of one's own: the real program with a home, sockets and a port that nobody else uses."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests

from harness import processes
from harness.program import Program, built, clean_environment
from harness.waiting import PATIENCE, eventually

ENDED = ("COMPLETED", "FAILED")


class Daemon:
    def __init__(self, **variables: str):
        # Short, because the address of a Unix socket has at most 107 bytes. Its name in the environment of every
        # process that comes from this daemon is also how the ones left over are found.
        self.folder = Path(tempfile.mkdtemp(prefix="drover-", dir="/tmp"))
        self.home = self.folder / "home"
        self.binary = built("drover", "DROVER_BIN")
        runtime = self.folder / "run"
        person = self.folder / "person"
        for folder in (self.home, runtime, person):
            folder.mkdir(mode=0o700)
        self.environment = clean_environment(
            HOME=str(person),
            DROVER_HOME=str(self.home),
            CAPACITOR_DAEMON_SOCKET=str(runtime / "ipc.sock"),
            RTM_SOCKET_PATH=str(runtime / "rpc.sock"),
            XDG_RUNTIME_DIR=str(runtime),
            DROVER_PORT="0",
            SHELL="/bin/bash",
            **variables,
        )
        self.program: Program | None = None
        self.ready: dict = {}
        self.http = requests.Session()
        # Proxies and credentials of the person who runs the tests are not for us.
        self.http.trust_env = False

    # Life

    def start(self) -> "Daemon":
        assert self.program is None or not self.program.is_running()
        self.launch()
        self.ready = self.program.wait_until_ready()
        assert self.ready["ready"] is True
        return self

    def launch(self, *options: str) -> Program:
        """Starts the program without waiting for it."""
        if self.program:
            self.program.close()
        self.program = Program(
            [str(self.binary), "up", *options], self.environment, self.folder / "log", folder=self.folder
        )
        return self.program

    def stop(self, within: float = 40.0) -> int:
        return self.program.terminate(within)

    def kill(self) -> None:
        """What a power cut looks like to a program."""
        self.program.signal(signal.SIGKILL)
        self.program.wait()

    def restart(self) -> "Daemon":
        if self.program.is_running():
            assert self.stop() == 0, self.log_text()[-2000:]
        return self.start()

    def close(self) -> None:
        """Stops the daemon and whatever came from it. Both must end by themselves and in good order."""
        problems = []
        if self.program:
            if self.program.is_running():
                try:
                    code = self.stop()
                    if code != 0:
                        problems.append(f"SIGTERM ended the daemon with {code}")
                except AssertionError as error:
                    problems.append(str(error))
            self.program.close()
        try:
            eventually(lambda: not self.processes(), "no process is left of the daemon and its sessions", within=5)
        except AssertionError:
            left = self.processes()
            problems.append(f"left over: {[(pid, processes.command_line(pid)) for pid in left]}")
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.http.close()
        log = self.log_text()[-3000:]
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not problems, f"{problems}\n{log}"

    def processes(self) -> list[int]:
        """Everything that runs on behalf of this daemon, itself included."""
        return processes.mentioning(str(self.folder) + "/")

    @property
    def pid(self) -> int:
        return self.program.pid

    def log_text(self) -> str:
        return (self.folder / "log").read_text(errors="replace") if (self.folder / "log").exists() else ""

    # Talking to it

    @property
    def url(self) -> str:
        return self.ready["http"]

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname, parts.port

    def request(self, method: str, path: str, **options) -> requests.Response:
        return self.http.request(method, self.url + path, timeout=options.pop("timeout", PATIENCE), **options)

    def get(self, path: str, **options) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body=None, **options) -> requests.Response:
        return self.request("POST", path, json={} if body is None else body, **options)

    def is_healthy(self) -> bool:
        return self.get("/healthz").status_code == 200

    def cli(self, *words: str, within: float = 30.0, **options) -> subprocess.CompletedProcess:
        """Runs `drover` as a person would in a plain terminal that is not one (no PTY)."""
        return subprocess.run(
            [str(self.binary), *words],
            env=options.pop("env", self.environment),
            cwd=options.pop("cwd", self.folder),
            stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
            capture_output=True,
            timeout=within,
            check=False,
            **options,
        )

    # Sessions

    def start_session(self, **body) -> str:
        """Starts a session and returns its id."""
        answer = self.post("/api/runner/sessions", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["sessionId"]

    def run(self, *argv: str, name: str | None = None, **command) -> str:
        """Starts a program in a terminal of its own and returns the session's id."""
        more = {"name": name} if name else {}
        return self.start_session(providerId="command", command={"argv": list(argv), **command}, **more)

    def run_script(self, script: str, **options) -> str:
        return self.run("bash", "-c", script, **options)

    def mock(self, script: str = "all", **options) -> str:
        more = {key: options.pop(key) for key in list(options) if key in ("villageId", "name", "agentName", "task")}
        return self.start_session(providerId="mock", mock={"script": script, **options}, **more)

    def session(self, reference: str) -> dict:
        answer = self.get(f"/api/fleet/{quote(reference)}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_for_state(self, reference: str, *states: str, within: float = PATIENCE) -> dict:
        def reached():
            session = self.session(reference)
            assert session["state"] in states, f"it is {session['state']} ({session.get('errorMessage')})"
            return session

        return eventually(reached, f"session {reference} is {' or '.join(states)}", within)

    def wait_for_end(self, reference: str, within: float = PATIENCE) -> dict:
        return self.wait_for_state(reference, *ENDED, within=within)

    def output(self, reference: str, **query) -> bytes:
        answer = self.get(f"/api/fleet/{quote(reference)}/output", params=query)
        assert answer.status_code == 200, answer.text
        return answer.content

    def wait_for_output(self, reference: str, text: bytes, within: float = PATIENCE) -> bytes:
        def shown():
            output = self.output(reference)
            assert text in output, f"its output ends with {output[-500:]!r}"
            return output

        return eventually(shown, f"session {reference} shows {text!r}", within)

    def type(self, reference: str, data: str) -> None:
        answer = self.post(f"/api/runner/sessions/{reference}/input", {"data": data})
        assert answer.status_code == 200, answer.text

    def runner_events(self, reference: str) -> list[dict]:
        """All runner events of a session that the ring still holds."""
        items, after = [], 0
        while True:
            path = f"/api/runner/sessions/{reference}/events"
            page = self.get(path, params={"afterSeq": after, "limit": 2000}).json()
            items += page["items"]
            if not page["items"] or page["items"][-1]["seq"] >= page["lastSeq"]:
                return items
            after = page["items"][-1]["seq"]

    def journal(self, since: int = 0, **query) -> list[dict]:
        """All events of the journal after a rowid."""
        items = []
        while True:
            page = self.get(
                "/api/events", params={"since": since, "limit": 5000, **query}, headers={"Accept": "application/json"}
            )
            assert page.status_code == 200, page.text
            items += page.json()["items"]
            since = page.json()["cursor"]
            if not page.json()["more"]:
                return items
