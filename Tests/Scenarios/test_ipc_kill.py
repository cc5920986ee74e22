"""Reports of many sessions at once while the daemon is killed again and again, held against a plain model.

Nothing that was acknowledged may be lost, nothing may count twice, and what is shown at the end is what one thread
would have made of the same events. `DROVER_CHAOS_SEEDS=200` tries that many instead of a few.
"""

import json
import os
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from harness.ipc import Refused
from harness.sensing import SensingDaemon
from harness.sensing_model import NOT_REPLAYED, Model, Projects, milliseconds, workspace_id
from harness.waiting import eventually

SEEDS = range(int(os.environ.get("DROVER_CHAOS_SEEDS", "4")))
SESSIONS = 10
WAVES = 26
#: Reports, beside which the journal has what followed from them, in capitals.
OURS = "event_type = lower(event_type)"


def stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


class Agent:
    """What one agent reports, by its own clock."""

    def __init__(self, seed: random.Random, number: int, pid: int, folders: list[str], start: int):
        self.random, self.number, self.pid, self.folders = seed, number, pid, folders
        self.session = f"s{number}"
        self.clock = start + seed.randrange(1000)
        self.count = 0
        self.generation = 0

    def event(self, kind: str, **fields) -> dict:
        self.count += 1
        self.clock += self.random.randrange(20, 900)
        event = {
            "event_id": f"{self.session}-{self.number}-{self.count}",
            "recorded_at": stamp(self.clock),
            "event_type": kind,
            "session_id": self.session,
            "cwd": self.random.choice(self.folders),
        }
        if self.random.random() < 0.8:
            event["pid"] = self.pid
        return event | fields

    def wave(self) -> list[dict]:
        """What is told side by side."""
        return [self.anything() for _ in range(self.random.randrange(0, 6))]

    def anything(self) -> dict:
        chance = self.random.random()
        if chance < 0.25:
            return self.event("pre_tool_use", tool="Edit")
        if chance < 0.5:
            file = self.random.choice(["a.txt", "src/main.rs", "/etc/hosts", "../up.txt", None])
            kind = self.random.choice(["post_tool_use", "post_tool_use", "post_tool_use_failure"])
            return self.event(kind, tool="Edit", **({"file_path": file} if file else {}))
        kind = self.random.choice(
            [
                "user_prompt_submit", "user_prompt_submit", "permission_request", "pre_compact", "notification",
                "stop", "stop", "stop", "task_completed", "session_start", "subagent_start", "subagent_stop",
                "teammate_idle", "worktree_create", "worktree_remove", "config_change", "shell_cwd", "late",
            ]
        )  # fmt: skip
        match kind:
            case "pre_compact":
                return self.event(kind, metadata=self.random.choice([{}, {"trigger": "auto"}, {"trigger": "manual"}]))
            case "notification":
                types = ["idle_prompt", "auth_success", "permission_prompt", "elicitation_dialog", "agent_completed"]
                return self.event(kind, notification_type=self.random.choice(types))
            case "stop":
                tasks = [{}, {}, {"agent_id": "a"}, {"background_tasks": [{"id": "b"}]}, {"session_crons": []}]
                held = self.random.random() < 0.2
                return self.event(kind, stop_hook_active=held, metadata=self.random.choice(tasks))
            case "task_completed":
                return self.event(kind, metadata=self.random.choice([{}, {"teammate_name": "bob"}, {"team_name": "t"}]))
            case "session_start":
                return self.event(kind, metadata={"source": self.random.choice(["startup", "resume", "compact"])})
            case "shell_cwd":
                shell = {"tty": f"/dev/pts/{self.number}", "parent_app": "kitty"}
                if self.random.random() < 0.5:
                    shell |= {"tmux_session": f"t{self.number}", "tmux_client_tty": f"/dev/pts/{100 + self.number}"}
                return self.event(kind, pid=self.pid) | shell
            case "late":
                # From long ago: stale, if anything newer is known.
                event = self.event("user_prompt_submit")
                return event | {"recorded_at": stamp(self.clock - self.random.randrange(7000, 30_000))}
        return self.event(kind)

    def end(self) -> list[list[dict]]:
        """The session ends, and perhaps another one follows in the same process: each waits for the one before."""
        steps = [[self.event("session_end")]]
        match self.random.randrange(3):
            case 0:
                self.generation += 1
                self.session = f"s{self.number}.{self.generation}"
                steps.append([self.event("session_start", pid=self.pid, metadata={"source": "clear"})])
            case 1:
                steps.append([self.event("session_start", metadata={"source": "resume"})])
        return steps

    def succeed(self) -> list[list[dict]]:
        """A new conversation in the same process, of which only its start is told."""
        self.generation += 1
        self.session = f"s{self.number}.{self.generation}"
        # Clear of what the old one told last, which is in the past then.
        self.clock += 1000
        return [[self.event("session_start", pid=self.pid)]]


class Chaos:
    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.host = SensingDaemon()
        self.agents = [subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL) for _ in range(SESSIONS)]
        self.pids = {agent.pid for agent in self.agents}
        self.folders = self.make_folders()
        self.acknowledged: set[str] = set()
        self.sent: dict[str, dict] = {}
        #: How far a daemon had come when the next began.
        self.starts: list[int] = []
        #: Rows that were inserted without a daemon.
        self.inserted: set[str] = set()
        self.pool = ThreadPoolExecutor(24)

    def make_folders(self) -> list[str]:
        person = self.host.person
        web = person / "web"
        (web / ".git").mkdir(parents=True)
        (web / "packages" / "site" / "src").mkdir(parents=True)
        (web / "packages" / "site" / "package.json").write_text("{}")
        (web / "docs").mkdir()
        (person / "plain").mkdir()
        for folder in (self.host.repo, web / "packages" / "site", person / "plain"):
            (folder / "a.txt").write_text("")
        names = [self.host.repo, self.host.repo / "src", web, web / "docs", web / "packages" / "site" / "src"]
        return [str(name) for name in [*names, person / "plain", person / "gone"]]

    def close(self) -> None:
        self.pool.shutdown()
        for agent in self.agents:
            agent.kill()
            agent.wait()
        self.host.close()

    # Telling

    def tell(self, event: dict) -> None:
        """One connection; what became of it is known only if an answer comes."""
        try:
            answer = self.host.ipc.ask("event", event)
        except (OSError, ValueError):
            return
        except Refused as refusal:
            assert refusal.code == "too_many_connections", (refusal, event)
            return
        assert answer["accepted"] is True
        self.acknowledged.add(event["event_id"])

    def unacknowledged(self) -> list[dict]:
        return [event for name, event in self.sent.items() if name not in self.acknowledged]

    def wave(self, events: list[dict], kills: bool) -> None:
        self.sent |= {event["event_id"]: event for event in events}
        # As a hook does that has waited for too long: the same event once more, beside itself.
        twice = [event for event in events if self.random.random() < 0.1]
        shuffled = events + twice
        self.random.shuffle(shuffled)
        told = [self.pool.submit(self.tell, event) for event in shuffled]
        if kills:
            time.sleep(self.random.random() * 0.03)
            self.interrupt()
        for future in told:
            future.result()
        while left := self.unacknowledged():
            list(self.pool.map(self.tell, left))

    # Killing

    def interrupt(self) -> None:
        self.host.kill()
        acknowledged = set(self.acknowledged)
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            kept = {name for (name,) in self.host.rows("SELECT id FROM events WHERE " + OURS)}
            assert acknowledged <= kept, f"lost: {acknowledged - kept}"
            self.starts.append(self.host.cursor)
            if self.random.random() < 0.5:
                self.insert()
            # Killed again in the middle of its start, perhaps.
            self.host.forget_starts()
            self.host.launch()
            if self.random.random() < 0.7:
                break
            time.sleep(self.random.random() * 0.06)
            self.host.kill()
        if not self.host.program.is_running():
            self.starts.append(self.host.cursor)
            self.host.forget_starts()
            self.host.launch()
        self.host.ready = self.host.program.wait_until_ready()

    def insert(self) -> None:
        events = []
        for agent in self.random.sample(self.actors, 3):
            events += [event for event in agent.wave() if event["event_type"] not in NOT_REPLAYED]
        self.sent |= {event["event_id"]: event for event in events}
        self.acknowledged |= {event["event_id"] for event in events}
        self.inserted |= {event["event_id"] for event in events}
        self.host.insert(*events)

    # The run

    def run(self) -> None:
        start = time.time_ns() // 1_000_000 - 150_000
        self.actors = [
            Agent(self.random, number, agent.pid, self.folders, start) for number, agent in enumerate(self.agents)
        ]
        self.host.start()
        kills = set(self.random.sample(range(WAVES), 6))
        for number in range(WAVES):
            self.wave([event for agent in self.actors for event in agent.wave()], number in kills)
            for agent in self.actors:
                chance = self.random.random()
                steps = agent.end() if chance < 0.04 else agent.succeed() if chance < 0.06 else []
                for step in steps:
                    self.wave(step, self.random.random() < 0.1)

    def model(self) -> Model:
        """The rows of the journal, one after another."""
        model = Model(Projects(str(self.host.person)))
        starts = sorted(self.starts)
        for rowid, name, payload in self.host.rows(f"SELECT seq, id, payload FROM events WHERE {OURS} ORDER BY seq"):
            while starts and rowid > starts[0]:
                model.restart()
                starts.pop(0)
            event = self.sent[name]
            if name not in self.inserted:
                assert json.loads(payload) == normalised(event)
            model.apply(rowid, event, milliseconds(event["recorded_at"]))
        return model


def normalised(event: dict) -> dict:
    """As the journal keeps it: times in whole seconds."""
    return event | {"recorded_at": event["recorded_at"][:19] + "Z"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.timeout(180)
def test_many_agents_and_a_daemon_that_is_killed(seed):
    chaos = Chaos(seed)
    try:
        chaos.run()
        check(chaos)
        # And it is the same after one more end, in good order this time.
        chaos.starts.append(chaos.host.cursor)
        chaos.host.restart()
        check(chaos)
    finally:
        chaos.close()


def check(chaos: Chaos) -> None:
    host, ipc = chaos.host, chaos.host.ipc
    names = [name for (name,) in host.rows("SELECT id FROM events WHERE " + OURS)]
    assert len(names) == len(set(names))
    assert set(names) == set(chaos.sent)
    # What a start applies again is written down while it answers already.
    eventually(
        lambda: host.cursor >= host.row("SELECT max(seq) FROM events WHERE " + OURS)[0], "all events are applied"
    )
    model = chaos.model()

    def agrees(method: str, expected) -> bool:
        """Time passes between the question and its answer, so that it may be either side of a limit."""
        before = time.time_ns() // 1_000_000
        answer = ipc.ask(method)
        after = time.time_ns() // 1_000_000
        expectations = [expected(before), expected(after)]
        assert answer in expectations, f"{method}: {difference(answer, expectations[0])}"
        return True

    for method, expected in [
        ("get_sessions", lambda now: model.get_sessions(now, chaos.pids)),
        ("get_project_states", lambda now: model.get_project_states(now, chaos.pids)),
        ("get_shell_state", lambda now: model.get_shell_state()),
        ("get_tombstones", lambda now: model.get_tombstones()),
    ]:
        eventually(lambda method=method, expected=expected: agrees(method, expected), method, within=3)
    assert ipc.ask("get_activity", {"limit": 1000}) == model.get_activity()[:1000]
    for pid, at in model.last_seen.items():
        assert milliseconds(ipc.ask("get_process_liveness", {"pid": pid})["last_seen_at"]) == at // 1000 * 1000


def difference(answer, expected) -> str:
    if isinstance(answer, dict):
        answer, expected = list(answer["shells"].items()), list(expected["shells"].items())
    missing = [row for row in expected if row not in answer]
    surplus = [row for row in answer if row not in expected]
    return f"expected {missing} and got {surplus}; in all {len(expected)} and {len(answer)}"


def test_a_long_absence_is_made_good_whoever_interrupts_it():
    """Twenty thousand rows of SQL, and a daemon that is killed again and again while it applies them."""
    rows, sessions, chance = 20_000, 40, random.Random(1)
    host = SensingDaemon()
    try:
        host.start()
        host.ipc.event("session_start", session_id="first", cwd=str(host.repo))
        host.kill()
        now = time.time_ns() // 1_000_000
        last = host.insert(
            *(
                {
                    "event_id": f"row-{number}",
                    "recorded_at": stamp(now - 60_000 + number),
                    "event_type": "pre_tool_use",
                    "session_id": f"s{number % sessions}",
                    "cwd": str(host.repo / "src"),
                    "file_path": f"f{number % 7}",
                }
                for number in range(rows)
            )
        )[-1]
        for _ in range(5):
            host.forget_starts()
            host.launch()
            time.sleep(chance.random() * 0.6)
            host.kill()
        began = time.monotonic()
        host.start_afresh()
        known = host.ipc.sessions()
        # The contract asks for five seconds; this machine may have a lot else to do.
        assert time.monotonic() - began < 15
        for _ in range(2):
            assert {known[f"s{number}"]["tools_in_flight"] for number in range(sessions)} == {rows // sessions}
            assert {row["project_path"] for row in known.values()} == {str(host.repo)}
            eventually(lambda: host.cursor >= last, "all are applied")
            host.kill()
            host.start_afresh()
            known = host.ipc.sessions()
    finally:
        host.close()


def test_the_model_knows_the_vectors_of_the_contract():
    """Its own foundations, so that agreement means something."""
    demo = "/home/ada/src/demo"
    assert workspace_id(f"{demo}/.git", demo) == "43930e66642102ba43ab921f86a1e1da"
    assert workspace_id(f"{demo}/.git", f"{demo}/apps/docs") == "8bd46d81d5d318d78f4651de10bf8374"
    assert workspace_id("/home/ada/src/plain", "/home/ada/src/plain") == "bf983dd7416d5cf49909b108b97cdb70"
    assert workspace_id("/srv/Repo/.git", "/srv/Repo") == "5c57174fdbbe0fcb4fc8c84200d5aa6b"
