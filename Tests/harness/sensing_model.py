"""What daemon-ipc §4, §5 and §6.2 make of events, written down a second time: slow, plain, with one thread.

It is told the events in the order of their rows, and where a daemon ended. What it says is held against the daemon's
answers. Order does not matter within seconds, so the events of a session since the daemon's start are folded anew in
the order of their times whenever one is added; a daemon that starts begins with what the one before left.
"""

import copy
import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ACTIVE = ("working", "waiting", "compacting")
PRIORITY = {"waiting": 4, "compacting": 3, "working": 2, "ready": 1, "idle": 0}
TTL = {"ready": 1_800_000, "idle": 600_000} | dict.fromkeys(ACTIVE, 1_200_000)
#: Those that a start does not apply again.
NOT_REPLAYED = ("shell_cwd", "subagent_start", "subagent_stop", "teammate_idle")


def milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def seconds(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Projects (§4.5, §6.2)


@dataclass(frozen=True)
class Projects:
    home: str

    IGNORED = (
        "node_modules", "vendor", ".git", "__pycache__", "target", "dist", "build", ".next", ".output", "venv", ".venv",
        "env", ".turbo", ".cache",
    )  # fmt: skip
    PACKAGES = (
        "package.json", "Cargo.toml", "pyproject.toml", "go.mod", "pubspec.yaml", "Project.toml", "deno.json",
        "Package.swift",
    )  # fmt: skip

    def priority(self, folder: Path) -> int | None:
        if (folder / "CLAUDE.md").is_file():
            return 1
        if any((folder / name).is_file() for name in self.PACKAGES):
            return 2
        if (folder / ".git").exists():
            return 3
        if any((folder / name).is_file() for name in ("Makefile", "CMakeLists.txt")):
            return 4
        return None

    def boundary(self, path: str) -> Path | None:
        if not os.path.exists(path):
            return None
        folder = Path(os.path.realpath(path))
        if not folder.is_dir():
            folder = folder.parent
        best: tuple[int, Path] | None = None
        has_repository = False
        for _ in range(20):
            if str(folder) in (self.home, "/", "/tmp"):
                break
            if folder.name in self.IGNORED:
                best, has_repository = None, False
            elif (found := self.priority(folder)) is not None and not (found == 1 and has_repository):
                if found == 1:
                    return best[1] if best and best[0] == 2 else folder
                if best is None or found < best[0]:
                    best = (found, folder)
                has_repository |= (folder / ".git").exists()
            folder = folder.parent
        return best[1] if best else None

    def identity(self, path: str) -> tuple[str, str] | None:
        """Path and id of the project."""
        boundary = self.boundary(path)
        if boundary is None:
            return None
        for folder in (boundary, *boundary.parents):
            if str(folder) in (self.home, "/tmp", "/"):
                break
            if (folder / ".git").is_dir():
                return str(boundary), str(folder / ".git")
        return str(boundary), str(boundary)


def workspace_id(project: str, path: str) -> str:
    relative = path
    if project.endswith("/.git"):
        root = project.removesuffix("/.git")
        if path == root or path.startswith(root + "/"):
            relative = path[len(root) + 1 :]
    return hashlib.md5(f"{project}|{relative}".encode()).hexdigest()


def is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


# Sessions (§4)


@dataclass
class Record:
    pid: int = 0
    state: str = ""
    cwd: str = ""
    project_id: str | None = None
    project_path: str | None = None
    updated: int = 0
    changed: int = 0
    last_event: str = ""
    activity: int | None = None
    tools: int = 0
    reason: str | None = None
    #: How the compaction began: its trigger, and whether the session was active.
    compaction: tuple[str | None, bool] | None = None


@dataclass
class Standing:
    record: Record | None = None
    #: When the end was recorded.
    tombstone: int | None = None


@dataclass
class News:
    event: dict
    at: int

    @property
    def type(self) -> str:
        return self.event["event_type"]

    @property
    def metadata(self) -> dict:
        metadata = self.event.get("metadata")
        return metadata if isinstance(metadata, dict) else {}


class Session:
    def __init__(self, projects: Projects):
        self.projects = projects
        self.base = Standing()
        self.now = Standing()
        self.news: list[News] = []

    def settle(self) -> None:
        """A daemon that starts knows what this one was, and not how it came about."""
        self.base = copy.deepcopy(self.now)
        self.news = []

    def take(self, news: News) -> str:
        """Whether it was `taken`, `skipped` or the `end`."""
        record = self.now.record
        if record and (record.updated - news.at) // 1000 > 5:
            return "skipped"
        # Behind those of the same time.
        place = next((index for index, other in enumerate(self.news) if other.at > news.at), len(self.news))
        self.news.insert(place, news)
        self.now = copy.deepcopy(self.base)
        outcome = ""
        for index, item in enumerate(self.news):
            step = self.step(self.now, item)
            outcome = step if index == place else outcome
        return outcome

    def step(self, standing: Standing, news: News) -> str:
        if standing.tombstone is not None:
            if news.at < standing.tombstone + 60_000 and news.type not in ("session_start", "session_end"):
                return "skipped"
            if news.type == "session_start":
                standing.tombstone = None
        if news.type == "session_end":
            standing.record, standing.tombstone = None, news.at
            return "end"
        state, tools, reason, is_activity = self.outcome(standing.record, news)
        if state is None:
            return "skipped"
        record = standing.record
        if state == "counted":
            assert record
            record.tools = max(0, record.tools + tools)
            record.activity = max(record.activity or 0, news.at)
            record.updated = max(record.updated, news.at)
            return "taken"
        if record is None:
            record = standing.record = Record(updated=news.at)
        self.write(record, news, state, tools, reason, is_activity)
        return "taken"

    def outcome(self, record: Record | None, news: News):
        """The row of §4.3: state or None, change of the tools or None for 0, reason, whether it is activity."""
        skip = (None, 0, None, False)
        was = record.state if record else None
        # Of a turn that was over already (D-14).
        is_over = was == "idle" or (was == "ready" and record.reason == "stop_gate")
        late = is_over and news.at < record.changed
        match news.type:
            case "session_start" if news.metadata.get("source") == "compact":
                if was != "compacting":
                    return skip if was in ACTIVE else ("ready", None, None, False)
                if news.at < record.changed:
                    return skip
                trigger, was_active = record.compaction or (None, False)
                trigger = news.metadata.get("trigger") or trigger
                if trigger is None:
                    return ("working" if was_active else "ready", None, None, False)
                return ("working" if trigger == "auto" else "ready", None, None, False)
            case "session_start":
                return skip if was in ACTIVE else ("ready", None, None, False)
            case "user_prompt_submit":
                return ("counted", 0, None, True) if late else ("working", 0, None, True)
            case "pre_tool_use":
                return ("counted", 0, None, True) if late else ("working", 1, None, True)
            case "post_tool_use" | "post_tool_use_failure":
                if late:
                    return "counted", -1, None, True
                return ("compacting" if was == "compacting" else "working", -1, None, True)
            case "permission_request":
                return "waiting", 0, None, False
            case "pre_compact":
                return "compacting", None, None, True
            case "notification":
                match news.event["notification_type"]:
                    case "idle_prompt":
                        return skip if record and record.tools > 0 else ("ready", 0, "idle_prompt", False)
                    case "auth_success":
                        return "ready", 0, "auth_success", False
                    case "permission_prompt" | "elicitation_dialog":
                        return "waiting", 0, None, False
                return skip
            case "stop":
                if was == "compacting" or news.event["stop_hook_active"] or news.metadata.get("agent_id"):
                    return skip
                # Work that goes on in the background wakes the agent.
                if news.metadata.get("background_tasks") or news.metadata.get("session_crons"):
                    return "working", None, None, False
                return "ready", None, "stop_gate", False
            case "task_completed":
                if news.metadata.get("agent_id") or news.metadata.get("teammate_name"):
                    return skip
                return "ready", None, "task_completed", False
        return skip

    def write(self, record: Record, news: News, state: str, tools: int | None, reason: str | None, is_activity: bool):
        if state == "compacting" and news.type == "pre_compact":
            known = record.compaction
            trigger = news.metadata.get("trigger")
            record.compaction = (
                trigger if trigger in ("auto", "manual") else known[0] if known else None,
                known[1] if known else record.state in ACTIVE,
            )
        elif state != "compacting":
            record.compaction = None
        record.pid = news.event.get("pid") or record.pid
        record.cwd = (news.event.get("cwd") or "").strip() and news.event["cwd"] or record.cwd
        self.attribute(record, news)
        if record.state != state:
            record.state, record.changed = state, news.at
        record.updated = max(record.updated, news.at)
        record.last_event = news.type
        record.reason = (reason or record.reason) if state == "ready" else None
        record.tools = 0 if tools is None else max(0, record.tools + tools)
        if is_activity:
            record.activity = max(record.activity or 0, news.at)

    def attribute(self, record: Record, news: News) -> None:
        file = news.event.get("file_path")
        identity = None
        if file:
            absolute = os.path.join(record.cwd, file)
            if record.project_path is None or is_in(absolute, record.project_path):
                identity = self.projects.identity(absolute)
        identity = identity or self.projects.identity(news.event["cwd"])
        path = identity[0] if identity else record.project_path or record.cwd
        project = identity[1] if identity else record.project_id or path
        if not file and record.project_path and is_in(record.project_path, path):
            return
        record.project_path, record.project_id = path, project


# All of it


@dataclass
class Model:
    projects: Projects
    sessions: dict[str, Session] = field(default_factory=dict)
    shells: dict[int, tuple[int, dict]] = field(default_factory=dict)
    last_seen: dict[int, int] = field(default_factory=dict)
    activity: dict[str, list[tuple[int, int, dict]]] = field(default_factory=dict)

    def restart(self) -> None:
        for session in self.sessions.values():
            session.settle()

    def apply(self, rowid: int, event: dict, at: int) -> None:
        kind, pid = event["event_type"], event.get("pid")
        if pid:
            self.last_seen[pid] = max(self.last_seen.get(pid, 0), at)
        if kind == "shell_cwd":
            if at >= self.shells.get(pid, (0, {}))[0]:
                self.shells[pid] = (at, event)
            return
        name = event.get("session_id")
        if not name:
            return
        session = self.sessions.setdefault(name, Session(self.projects))
        outcome = session.take(News(event, at))
        if outcome == "end":
            self.activity[name] = []
        if outcome != "taken":
            return
        if kind == "post_tool_use" and event.get("file_path"):
            self.activity.setdefault(name, []).append((at, rowid, event))
        if kind == "session_start" and session.now.record.pid:
            for other, older in self.sessions.items():
                record = older.now.record
                if other != name and record and record.pid == session.now.record.pid and record.updated <= at:
                    older.now.record = None
                    older.settle()
                    self.activity[other] = []

    # What is answered, at a time

    def records(self, now: int, alive: set[int]):
        for name, session in self.sessions.items():
            record = session.now.record
            if record is None:
                continue
            age = now - record.updated
            if age > TTL[record.state] and not (record.state != "idle" and record.pid in alive and age <= 86_400_000):
                continue
            yield name, record

    def get_sessions(self, now: int, alive: set[int]) -> list[dict]:
        rows = []
        for name, record in self.records(now, alive):
            row = {
                "session_id": name,
                "pid": record.pid,
                "state": record.state,
                "cwd": record.cwd,
                "project_id": record.project_id,
                "workspace_id": workspace_id(record.project_id, record.project_path),
                "project_path": record.project_path,
                "updated_at": seconds(record.updated),
                "state_changed_at": seconds(record.changed),
                "last_event": record.last_event,
                "last_activity_at": None if record.activity is None else seconds(record.activity),
                "tools_in_flight": record.tools,
                "ready_reason": record.reason,
                "is_alive": record.pid in alive if record.pid else None,
            }
            rows.append((-record.updated, name, {key: value for key, value in row.items() if value is not None}))
        return [row for _, _, row in sorted(rows, key=lambda row: row[:2])]

    def effective(self, record: Record, now: int, alive: set[int], grace: int) -> str:
        is_alive = record.pid in alive if record.pid else None
        if record.state == "ready":
            if record.reason == "stop_gate" and is_alive and now - record.changed <= grace:
                return "working"
            return "idle" if is_alive is False else "ready"
        if record.state == "working" and record.activity is not None:
            silence = min(now - record.activity, now - record.updated)
            if silence >= 60_000 and record.last_event == "task_completed" and record.tools == 0:
                return "ready"
            if silence >= 300_000 and record.last_event == "post_tool_use":
                return "ready"
        return record.state

    def get_project_states(self, now: int, alive: set[int], grace: int = 3000) -> list[dict]:
        groups: dict[str, list] = {}
        for name, record in self.records(now, alive):
            state = self.effective(record, now, alive, grace)
            groups.setdefault(record.project_path, []).append((name, record, state))
        rows = []
        for path in sorted(groups):
            members = groups[path]
            spoken = max(members, key=lambda one: (PRIORITY[one[2]], one[1].updated, one[0]))
            latest = max(members, key=lambda one: (one[1].updated, one[0]))
            project = spoken[1].project_id
            rows.append(
                {
                    "project_id": project,
                    "workspace_id": workspace_id(project, path),
                    "project_path": path,
                    "state": spoken[2],
                    "state_changed_at": seconds(spoken[1].changed),
                    "updated_at": seconds(latest[1].updated),
                    "session_id": spoken[0],
                    "latest_session_id": latest[0],
                    "session_count": len(members),
                    "active_count": sum(state in ACTIVE for _, _, state in members),
                    "has_session": spoken[2] != "idle",
                }
            )
        return rows

    def get_shell_state(self) -> dict:
        shells = {}
        for pid, (at, event) in self.shells.items():
            keys = ("cwd", "tty", "parent_app", "tmux_session", "tmux_client_tty")
            shells[str(pid)] = {key: event[key] for key in keys if event.get(key)} | {"updated_at": seconds(at)}
        return {"version": 1, "shells": shells}

    def get_tombstones(self) -> list[dict]:
        rows = [
            (-session.now.tombstone, name)
            for name, session in self.sessions.items()
            if session.now.tombstone is not None
        ]
        return [
            {"session_id": name, "created_at": seconds(-at), "expires_at": seconds(60_000 - at)}
            for at, name in sorted(rows)
        ]

    def get_activity(self) -> list[dict]:
        rows = []
        for name, entries in self.activity.items():
            for at, rowid, event in entries:
                file = os.path.normpath(os.path.join(event["cwd"], event["file_path"]))
                boundary = self.projects.boundary(file)
                row = {
                    "session_id": name,
                    "project_path": str(boundary) if boundary else event["cwd"],
                    "file_path": file,
                    "tool_name": event.get("tool"),
                    "recorded_at": seconds(at),
                }
                rows.append((-at, -rowid, row))
        return [row for _, _, row in sorted(rows, key=lambda row: row[:2])]
