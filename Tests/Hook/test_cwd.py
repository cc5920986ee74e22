"""What a shell at its prompt tells."""

import fcntl
import os
import pty
import struct
import subprocess
import time
import uuid

import pytest

#: Which number a terminal has, asked of its master side.
TIOCGPTN = 0x80045430


def test_three_words(reporter, daemon, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    done = reporter.run("cwd", f"{tmp_path}/link//", str(os.getpid()), "/dev/pts/7", TERM_PROGRAM="ghostty")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [event] = daemon.events
    assert event["event_type"] == "shell_cwd"
    assert event["cwd"] == str(real)
    assert event["pid"] == os.getpid()
    assert event["tty"] == "/dev/pts/7"
    assert event["parent_app"] == "ghostty"
    assert "tmux_session" not in event
    started = event["metadata"]["proc_start"]
    assert 0 < time.time() - started < 24 * 3600 * 365


def test_no_words_inside_a_terminal(reporter, daemon):
    """A shell in a terminal of its own calls it without arguments."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir("/usr/lib")
        os.execve(
            "/bin/bash", ["bash", "-c", f"{reporter.program} cwd; true"], reporter.environment | {"PWD": "/usr/lib"}
        )
    number = fcntl.ioctl(master, TIOCGPTN, b"\0" * 4)
    device = f"/dev/pts/{struct.unpack('i', number)[0]}"
    _, status = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 0
    [event] = daemon.events
    assert (event["pid"], event["tty"], event["cwd"]) == (pid, device, "/usr/lib")


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (["/usr", "12", "not a tty"], {}),
        (["/usr", "0", "/dev/pts/1"], {}),
        (["/usr", "x", "/dev/pts/1"], {}),
        (["/usr", "12", "/dev/pts/1"], {"CAPACITOR_DAEMON_ENABLED": "0"}),
        (["/usr", "12", "/dev/pts/1"], {"CAPACITOR_DAEMON_SOCKET": "/nonexistent/sock"}),
        (["/usr", "12", "/dev/pts/1"], {"CAPACITOR_DAEMON_SOCKET": "/" + "x" * 200}),
    ],
)
def test_one_line_and_status_one_when_the_daemon_was_not_told(reporter, daemon, words, variables):
    done = reporter.run("cwd", *words, **variables)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert daemon.connections == 0
    assert not reporter.spooled


@pytest.fixture
def tmux(tmp_path):
    """A tmux server of this test's own."""
    name = f"hook-{uuid.uuid4().hex[:8]}"

    def run(*words: str) -> str:
        return subprocess.run(
            ["tmux", "-u", "-L", name, "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout.strip()

    yield run
    subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, timeout=20)


def test_in_tmux(reporter, daemon, tmux):
    tmux("new-session", "-d", "-s", "my work", "-x", "80", "-y", "24", "sleep 60")
    pane = tmux("display-message", "-p", "#{pane_id}")
    variables = {"TMUX": tmux("display-message", "-p", "#{socket_path},#{pid},0"), "TMUX_PANE": pane}
    variables["TERM_PROGRAM"] = "tmux"
    words = ["cwd", "/usr", str(os.getpid()), "/dev/pts/7"]
    # Nobody is attached: the client's terminal is unknown, so neither it nor the session is told.
    assert reporter.run(*words, **variables).returncode == 0
    assert "tmux_session" not in daemon.events[0]
    assert daemon.events[0]["metadata"]["tmux_pane"] == pane

    pid, master = pty.fork()
    if pid == 0:
        socket = variables["TMUX"].split(",")[0]
        os.execvpe("tmux", ["tmux", "-u", "-S", socket, "attach", "-t", "my work"], {**os.environ, "TERM": "xterm"})
    try:
        deadline = time.monotonic() + 20
        while not (clients := tmux("list-clients", "-F", "#{client_tty}")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert reporter.run(*words, **variables).returncode == 0
    finally:
        tmux("kill-server")
        os.waitpid(pid, 0)
        os.close(master)
    event = daemon.events[1]
    assert (event["tmux_session"], event["tmux_client_tty"]) == ("my work", clients)


def test_help_and_version(reporter):
    assert reporter.run("--version").stdout.startswith(b"drover-hook ")
    assert b"handle" in reporter.run("--help").stdout
    assert reporter.run().returncode == 1
    assert reporter.run("party").returncode == 1
