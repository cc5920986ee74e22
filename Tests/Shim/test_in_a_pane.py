"""In a tmux pane the runtime has the terminal, and the shim only watches."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import uuid

import pytest

from harness import processes
from harness.program import built
from harness.runtime_daemon import ACK, SESSION, launch_answer
from harness.waiting import eventually

# Every line of input is answered, so that it can be seen who has the terminal.
ECHO = ["/bin/bash", "-c", 'echo up; while read -r line; do echo "got $line"; done']


class Pane:
    def __init__(self, stage):
        self.stage = stage
        self.server = f"shim-{uuid.uuid4()}"
        folder = str(stage.folder)
        self.environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder, "TMUX_TMPDIR": folder}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "agents", "-x", "80", "-y", "24", "sleep 1000")
        self.tmux("set-option", "-g", "remain-on-exit", "on")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.server, *words],
            capture_output=True,
            timeout=20,
            check=True,
            env=self.environment,
        )
        return done.stdout.decode()

    def respawn(self) -> None:
        """As the daemon does it."""
        variable = f"RTM_SOCKET_PATH={self.stage.daemon.path}"
        shim = str(built("drover-shim", "DROVER_SHIM_BIN"))
        words = ["-e", variable, "--", shim, "__shim", "--session-id", SESSION]
        self.tmux("respawn-pane", "-k", "-t", "agents:0.0", *words)

    def start(self, argv: list, env=()) -> tuple[int, int]:
        """Returns the pids of the shim and of the runtime."""
        self.respawn()
        self.stage.daemon.expect("shim_launch", launch_answer(argv, env))
        ready = self.stage.daemon.expect("shim_ready", ACK).payload["ready"]
        return ready["shim_pid"], ready["runtime_pid"]

    def type(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "agents:0.0", *keys)

    def shows(self, text: str) -> None:
        eventually(lambda: text in self.tmux("capture-pane", "-p", "-t", "agents:0.0"), f"the pane shows {text}")

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.tmux("kill-server")
        # What a failed test leaves behind lives on, as it is meant to.
        for pid in processes.mentioning(str(self.stage.daemon.path)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def pane(stage):
    pane = Pane(stage)
    yield pane
    pane.close()


def test_the_runtime_has_the_terminal(pane):
    shim, runtime = pane.start(ECHO)
    pane.shows("up")
    assert os.getsid(runtime) == os.getsid(shim) == shim, "the session is the one that tmux made"
    foreground = int(processes.read(runtime, "stat").rpartition(b")")[2].split()[5])
    assert foreground == os.getpgid(runtime)
    pane.type("hello", "Enter")
    pane.shows("got hello")
    pane.type("C-d")
    pane.stage.expect_exit(code=0)
    eventually(lambda: not processes.is_running(shim), "the shim is done")


@pytest.mark.parametrize(("key", "number"), [("C-c", signal.SIGINT), ("C-\\", signal.SIGQUIT)])
def test_keys_that_interrupt(pane, key, number):
    shim, _ = pane.start(["/bin/cat"])
    pane.type("hello", "Enter")
    pane.shows("hello\nhello")
    pane.type(key)
    pane.stage.expect_exit(signal=number)
    eventually(lambda: not processes.is_running(shim), "the shim is done")


def test_ctrl_z_stops_nobody(pane):
    """As in any pane without a shell: there is nobody who could continue it."""
    _, runtime = pane.start(ECHO)
    pane.shows("up")
    pane.type("C-z")
    pane.type("hello", "Enter")
    pane.shows("got hello")
    os.kill(runtime, signal.SIGKILL)
    pane.stage.expect_exit(signal=signal.SIGKILL)


def test_a_runtime_with_job_control(pane):
    """A shell takes the foreground for its jobs and gives it back."""
    pane.start(["/bin/bash", "--norc", "-i"], {"PATH": "/usr/bin:/bin", "PS1": "ask> ", "TERM": "screen"})
    pane.shows("ask>")
    pane.type("sleep 1000", "Enter")
    pane.shows("sleep 1000")
    pane.type("C-z")
    pane.shows("Stopped")
    pane.type("kill %1; fg", "Enter")
    pane.shows("Terminated")
    pane.type("exit 3", "Enter")
    pane.stage.expect_exit(code=3)


@pytest.mark.parametrize("how", ["kill-pane", "kill-session", "kill-server", "respawn-pane"])
def test_a_pane_that_is_closed(pane, how):
    shim, runtime = pane.start(["/bin/sleep", "1000"])
    pane.tmux(*{"respawn-pane": ["respawn-pane", "-k", "-t", "agents:0.0", "sleep 1000"]}.get(how, [how]))
    pane.stage.expect_exit(signal=signal.SIGHUP)
    eventually(lambda: not processes.is_running(shim) and not processes.is_running(runtime), "both are gone")


def test_a_pane_that_is_closed_before_the_runtime_starts(pane):
    pane.respawn()
    launch = pane.stage.daemon.expect("shim_launch")
    pane.tmux("kill-server")
    launch.answer(launch_answer(["/bin/sleep", "1000"]))
    pane.stage.daemon.expect("shim_ready", ACK)
    pane.stage.expect_exit(signal=signal.SIGHUP)


def test_a_runtime_that_does_not_mind(pane):
    """One that ignores the hang-up lives on, and so does its shim."""
    notes = pane.stage.folder / "notes"
    script = f"trap 'echo HUP >>{shlex.quote(str(notes))}' HUP; echo up; while :; do read -t 0.01 <> <(:); done"
    shim, runtime = pane.start(["/bin/bash", "-c", script])
    pane.shows("up")
    pane.tmux("kill-server")
    eventually(lambda: notes.exists() and notes.read_text() == "HUP\n", "it was told")
    assert processes.is_running(shim)
    assert processes.is_running(runtime)
    os.kill(shim, signal.SIGTERM)
    pane.stage.expect_exit(signal=signal.SIGTERM)


def test_tmux_is_told_one_variable_and_no_secret(pane):
    shim, runtime = pane.start(["/bin/sleep", "1000"], {"API_KEY": "hush"})
    assert processes.read(runtime, "environ") == b"API_KEY=hush\0"
    assert b"hush" not in processes.read(shim, "environ") + processes.read(shim, "cmdline")
    os.kill(runtime, signal.SIGKILL)
    assert json.loads(pane.stage.daemon.expect("shim_exit", ACK).line)["payload"]["exit"]["exit"]["signal"] == 9
