"""drover hooks and drover shell, with real settings, real shells and people without rights."""

import json
import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

DROVER = Path(os.environ.get("DROVER_BIN", Path(__file__).parent.parent.parent / ".build/release/drover")).resolve()
SETTINGS = '{\r\n   "model" : "opus",\r\n   "permissions": {"allow": ["Bash(ls:*)"]}\r\n}'


class Setup:
    def __init__(self, reporter):
        self.reporter = reporter
        self.home = reporter.home
        self.environment = reporter.environment | {"DROVER_HOOK": str(reporter.program), "LANG": "C.UTF-8"}

    def __call__(self, *words: str, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(DROVER), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home,
            timeout=60,
            **options,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    def settings(self, text: str | None = None) -> Path:
        path = self.home / ".claude/settings.json"
        if text is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        return path


@pytest.fixture
def setup(reporter) -> Setup:
    return Setup(reporter)


def test_the_change_is_shown_and_nobody_to_ask_means_no(setup):
    path = setup.settings(SETTINGS)
    shown = setup("hooks", "install", "--agent", "claude", "--dry-run").stdout
    assert shown.startswith(f"--- {path}\n+++ {path}\n@@ ")
    refused = setup("hooks", "install", "--agent", "claude", code=1)
    assert "--yes" in refused.stderr
    assert path.read_bytes() == SETTINGS.encode()


def test_installed_hooks_report_and_undoing_gives_every_byte_back(setup, daemon):
    path = setup.settings(SETTINGS)
    path.chmod(0o640)
    setup("hooks", "install", "--agent", "claude", "--yes")
    installed = json.loads(path.read_text())
    assert installed["model"] == "opus"
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    command = installed["hooks"]["Stop"][0]["hooks"][0]["command"]
    payload = {"hook_event_name": "Stop", "session_id": "s", "cwd": "/x"}
    subprocess.run(["sh", "-c", command], input=json.dumps(payload).encode(), env=setup.environment, check=True)
    assert daemon.events[0]["event_type"] == "stop"

    report = json.loads(setup("hooks", "status", "--agent", "claude", "--json").stdout)
    assert report["ok"] is True
    assert {finding["code"] for finding in report["findings"]} == {"daemon", "healthy"}
    assert report["agents"][0] == {
        "agent": "claude",
        "path": str(path),
        "installed": True,
        "ok": True,
        "findings": [],
    }

    setup("hooks", "uninstall", "--agent", "claude", "--yes")
    assert path.read_bytes() == SETTINGS.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_only_agents_that_are_here_are_set_up(setup):
    setup.settings("{}")
    # No agent is in this PATH, whatever is installed on this machine.
    setup.environment["PATH"] = str(setup.home)
    report = json.loads(setup("hooks", "install", "--yes", "--json").stdout)
    assert [item["target"] for item in report["items"] if item["changed"]] == ["claude"]
    assert not (setup.home / ".codex").exists()


def test_a_project_alone(setup):
    project = setup.home / "work"
    project.mkdir()
    setup("hooks", "install", "--project", str(project), "--agent", "claude", "--agent", "gemini", "--yes")
    assert "drover-hook" in (project / ".claude/settings.local.json").read_text()
    assert "drover-hook" in (project / ".gemini/settings.json").read_text()
    assert not setup.settings().exists()
    setup("hooks", "uninstall", "--project", str(project), "--agent", "claude", "--agent", "gemini", "--yes")
    assert not (project / ".gemini/settings.json").exists()
    assert "no folder" in setup("hooks", "install", "--project", "/none", "--yes", code=1).stderr


def test_settings_that_cannot_be_read_are_left_alone_and_the_others_set_up(setup):
    path = setup.settings('{\n  "a": 1,\n}\n')
    (setup.home / ".gemini").mkdir()
    failed = setup("hooks", "install", "--agent", "claude", "--agent", "gemini", "--yes", code=1)
    assert "line 3" in failed.stderr
    assert path.read_text() == '{\n  "a": 1,\n}\n'
    assert (setup.home / ".gemini/settings.json").exists()


def test_a_reporter_that_is_not_there_is_not_written_into_settings(setup):
    path = setup.settings(SETTINGS)
    setup.environment["DROVER_HOOK"] = "/none/drover-hook"
    assert "/none/drover-hook" in setup("hooks", "install", "--agent", "claude", "--yes", code=1).stderr
    assert path.read_bytes() == SETTINGS.encode()
    setup("shell", "install", "zsh", "--yes", code=1)
    assert not (setup.home / ".zshrc").exists()


def test_many_at_once_make_one_installation(setup):
    path = setup.settings(SETTINGS)
    command = [str(DROVER), "hooks", "install", "--agent", "claude", "--yes", "--json"]
    processes = [
        subprocess.Popen(command, env=setup.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for _ in range(12)
    ]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 12
    assert all(len(groups) == 1 for groups in json.loads(path.read_text())["hooks"].values())
    assert not list(path.parent.glob("*drover*"))
    setup("hooks", "uninstall", "--agent", "claude", "--yes")
    assert path.read_bytes() == SETTINGS.encode()


def test_a_folder_that_may_not_be_written(setup):
    """Root may write everywhere, so it steps down to nobody for this."""
    path = setup.settings(SETTINGS)
    options = {}
    if os.geteuid() == 0:
        for folder in (setup.home, path.parent):
            os.chown(folder, 65534, 65534)
        options = {"user": 65534, "group": 65534, "extra_groups": []}
        if not reachable_by_nobody(DROVER, setup.reporter.program):
            program = setup.home / "drover"
            shutil.copy(DROVER, program)
            shutil.copy(setup.reporter.program, setup.home / "drover-hook")
            setup.environment["DROVER_HOOK"] = str(setup.home / "drover-hook")
        else:
            program = DROVER
    else:
        program = DROVER
    path.parent.chmod(0o555)
    try:
        done = subprocess.run(
            [str(program), "hooks", "install", "--agent", "claude", "--yes"],
            env=setup.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            **options,
        )
    finally:
        path.parent.chmod(0o755)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert str(path.parent) in done.stderr
    assert path.read_bytes() == SETTINGS.encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]


def reachable_by_nobody(*programs: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for program in programs for folder in Path(program).resolve().parents)


START = {
    "bash": ["bash", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "-i"],
}


@pytest.mark.parametrize("shell", START)
def test_a_shell_tells_where_it_is_at_every_prompt(setup, daemon, shell):
    rc = {"bash": ".bashrc", "zsh": ".zshrc"}.get(shell)
    if rc:
        (setup.home / rc).write_text("PROMPT_COMMAND='true'\n" if shell == "bash" else "unsetopt beep")
    before = (setup.home / rc).read_bytes() if rc else None
    setup("shell", "install", shell, "--yes")
    (setup.home / "work").mkdir()

    environment = setup.environment | {"TERM": "xterm", "SHELL": shutil.which(shell) or ""}
    del environment["PWD"]
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(setup.home)
        os.execvpe(shell, START[shell], environment)
    output = b""

    def read_until(condition) -> None:
        nonlocal output
        deadline = time.monotonic() + 40
        while not condition():
            assert time.monotonic() < deadline, (output[-2000:], daemon.events)
            if select.select([master], [], [], 0.05)[0]:
                output += os.read(master, 65536)

    try:
        read_until(lambda: daemon.events)
        os.write(master, b"cd work; false\r")
        read_until(lambda: daemon.events[-1]["cwd"] == str(setup.home / "work"))
        os.write(master, b"echo status:$?\r" if shell != "fish" else b"echo status:$status\r")
        read_until(lambda: b"status:1" in output)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)
    first = daemon.events[0]
    assert (first["event_type"], first["pid"], first["cwd"]) == ("shell_cwd", pid, str(setup.home))
    assert first["tty"].startswith("/dev/pts/")
    # No line about a job in the background.
    assert b"[1]" not in output

    states = json.loads(setup("shell", "status", shell, "--json").stdout)
    assert states["shells"][0]["state"] == "installed"
    setup("shell", "uninstall", shell, "--yes")
    if rc:
        assert (setup.home / rc).read_bytes() == before
    assert json.loads(setup("shell", "status", shell, "--json", code=1).stdout)["shells"][0]["state"] == "missing"


OPENCODE = """
import { DroverPlugin } from "%s"
const plugin = await DroverPlugin({ directory: "/src/demo", worktree: "/" })
const event = (type, properties) => plugin.event({ event: { type, properties } })
await event("session.created", { info: { id: "s" } })
await event("session.status", { sessionID: "s", status: { type: "busy" } })
await event("session.status", { sessionID: "s", status: { type: "retry" } })
const args = { filePath: "a.py", content: "secret" }
await plugin["tool.execute.before"]({ tool: "write", sessionID: "s" }, { args })
await plugin["tool.execute.after"]({ tool: "write", sessionID: "s", args }, { output: "secret" })
await event("permission.asked", { id: "p", sessionID: "s", permission: "secret" })
await event("permission.replied", { sessionID: "s" })
await event("question.asked", { sessionID: "s", questions: [{ question: "secret" }] })
await event("session.created", { info: { id: "child", parentID: "s" } })
await event("session.created", { info: { id: "grandchild", parentID: "child" } })
await event("session.status", { sessionID: "child", status: { type: "busy" } })
await plugin["tool.execute.before"]({ tool: "bash", sessionID: "grandchild" }, {})
await plugin["tool.execute.after"]({ tool: "bash", sessionID: "grandchild" }, {})
await event("permission.asked", { id: "p", sessionID: "child", permission: "secret" })
await event("session.idle", { sessionID: "child" })
await event("session.deleted", { info: { id: "grandchild" } })
await event("session.idle", { sessionID: "s" })
await event("session.status", { sessionID: "s", status: { type: "idle" } })
await event("session.deleted", { info: { id: "s" } })
await event("tui.toast.show", {})
"""


def test_the_plugin_of_opencode_tells_what_happens(setup, daemon):
    setup("hooks", "install", "--agent", "opencode", "--yes")
    module = setup.home / "plugin.mjs"
    module.write_bytes((setup.home / ".config/opencode/plugins/drover.js").read_bytes())
    script = setup.home / "script.mjs"
    script.write_text(OPENCODE % module)
    subprocess.run(["node", str(script)], env=setup.environment, check=True, timeout=60)
    expected = [
        ("session_start", "s"),
        ("user_prompt_submit", "s"),
        ("pre_tool_use", "s"),
        ("post_tool_use", "s"),
        ("permission_request", "s"),
        ("permission_replied", "s"),
        ("notification", "s"),
        # Of sub-agents, whose turns are not the session's.
        ("pre_tool_use", "s"),
        ("post_tool_use", "s"),
        ("permission_request", "s"),
        ("stop", "s"),
        ("session_end", "s"),
    ]
    deadline = time.monotonic() + 20
    while len(daemon.events) < len(expected):
        assert time.monotonic() < deadline, daemon.events
        time.sleep(0.02)
    # Each is a process of its own, so two may overtake each other on their way.
    assert sorted((event["event_type"], event["session_id"]) for event in daemon.events) == sorted(expected)
    assert {event["cwd"] for event in daemon.events} == {"/src/demo"}
    files = [event.get("file_path") for event in daemon.events if "tool_use" in event["event_type"]]
    assert sorted(files, key=str) == [None, None, "a.py", "a.py"]
    marked = [(event["event_type"], event["metadata"].get("agent_id")) for event in daemon.events]
    assert sorted(kind for kind, agent in marked if agent == "grandchild") == ["post_tool_use", "pre_tool_use"]
    assert [kind for kind, agent in marked if agent == "child"] == ["permission_request"]
    assert "secret" not in json.dumps(daemon.requests)
