"""A tmux server of one's own, in a folder that only the test and its daemon know."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from harness import processes
from harness.waiting import eventually

# What a program in a pane asks its terminal for, and what wraps a paste then.
BRACKETED_PASTE = b"\x1b[?2004h"
PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"


class Tmux:
    def __init__(self, folder: Path, environment: dict[str, str]):
        """`folder` becomes TMUX_TMPDIR: a daemon that has the same one talks to the same server."""
        self.folder = folder
        self.folder.mkdir(mode=0o700, exist_ok=True)
        # Nothing of the daemon's own settings, so that what a pane has of them was given to it.
        self.environment = {key: value for key, value in environment.items() if not key.startswith(("RTM_", "DROVER_"))}
        self.environment |= {"TMUX_TMPDIR": str(folder), "TERM": "xterm-256color"}
        self.pid: int | None = None

    def run(self, *words: str) -> str:
        """What a tmux command prints."""
        result = self.attempt(*words)
        assert result.returncode == 0, f"tmux {words}: {result.stderr.decode()}"
        return result.stdout.decode().rstrip("\n")

    def attempt(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [shutil.which("tmux") or "/usr/bin/tmux", "-f", "/dev/null", *words],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )

    # Sessions, windows and panes

    def new_session(self, name: str, *command: str, width: int = 80, height: int = 24) -> str:
        """Makes a detached session with one pane and returns the pane's id."""
        # A pane that waits for whatever is put into it: `cat` echoes nothing of its own accord.
        words = ["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", name, "-x", str(width), "-y", str(height)]
        pane = self.run(*words, *(command or ("cat",)))
        if self.pid is None:
            self.pid = int(self.run("display-message", "-p", "#{pid}"))
        return pane

    def split(self, target: str, *command: str) -> str:
        return self.run("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", target, *(command or ("cat",)))

    def keep_dead_panes(self) -> None:
        self.run("set-option", "-g", "remain-on-exit", "on")

    def ask(self, target: str, form: str) -> str:
        return self.run("display-message", "-p", "-t", target, form)

    def address(self, pane: str) -> str:
        """`session:window.pane` of a pane's id."""
        return self.ask(pane, "#S:#I.#P")

    def panes(self) -> list[str]:
        """All panes: id, address, the process in it, whether it is dead."""
        result = self.attempt("list-panes", "-a", "-F", "#{pane_id} #S:#I.#P #{pane_pid} #{pane_dead}")
        return result.stdout.decode().splitlines()

    def screen(self, pane: str) -> str:
        return self.run("capture-pane", "-p", "-t", pane)

    def wait_for_text(self, pane: str, text: str) -> None:
        def shown():
            screen = self.screen(pane)
            assert text in screen, f"the pane shows {screen!r}"
            return True

        eventually(shown, f"the pane shows {text!r}")

    def wait_until_dead(self, pane: str) -> None:
        """Waits for the end of a program whose pane is kept."""
        eventually(lambda: self.ask(pane, "#{pane_dead}") == "1", "the pane is dead")

    # Its end

    def kill(self) -> None:
        """What happens to a tmux server that the kernel ends."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            eventually(lambda: not processes.is_running(self.pid), "the tmux server has ended")
            self.pid = None

    def close(self) -> None:
        if self.pid is not None:
            self.attempt("kill-server")
            self.kill()
