"""`kill -9` at any moment: what was acknowledged is there afterwards, once, and nothing runs that nobody knows of."""

import random
import threading

import pytest
import requests

from harness.sse import Stream
from harness.waiting import eventually


class Load:
    """People who start sessions and type into them, and remember what was acknowledged."""

    def __init__(self, daemon, dice: random.Random):
        self.daemon = daemon
        self.dice = dice
        self.started: list[str] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._start_sessions) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def _start_sessions(self) -> None:
        url = self.daemon.url
        bodies = [
            {"providerId": "mock", "mock": {"script": "all", "stepMs": 2}},
            {"providerId": "command", "command": {"argv": ["bash", "-c", "seq 1 500"]}},
            {"providerId": "command", "command": {"argv": ["sleep", "1000"]}},
            {"providerId": "mock", "mock": {"script": "flood", "stepMs": 5}},
        ]
        count = 0
        while not self.stopping.is_set():
            # Only the first few stay; a limit on running sessions is not what is tested here.
            body = bodies[count % 4 if count < 4 else count % 2]
            count += 1
            try:
                answer = requests.post(f"{url}/api/runner/sessions", json=body, timeout=10)
            except requests.RequestException:
                return  # the daemon is gone, in the middle of a request as likely as not
            if answer.status_code == 201:
                self.started.append(answer.json()["sessionId"])
            else:
                self.stopping.wait(0.02)

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(5))
def test_what_was_acknowledged_survives_a_kill(daemon, seed):
    dice = random.Random(seed)
    acknowledged: list[str] = []
    shown: dict[int, dict] = {}

    for _ in range(3):
        stream = Stream(daemon.url)
        load = Load(daemon, dice)
        # A moment nobody has chosen.
        threading.Event().wait(dice.uniform(0.05, 0.8))
        daemon.kill()
        load.stop()
        stream.close()
        acknowledged += load.started
        shown |= {message.json["rowid"]: message.json for message in stream.messages}

        daemon.start()
        check(daemon, acknowledged, shown)
        eventually(lambda: daemon.processes() == [daemon.pid], "nothing is left of the sessions that were lost")


def check(daemon, acknowledged: list[str], shown: dict[int, dict]) -> None:
    journal = daemon.journal()
    rowids = [item["rowid"] for item in journal]
    assert len(set(rowids)) == len(rowids)
    kept = {item["rowid"]: item for item in journal}
    for rowid, event in shown.items():
        assert kept.get(rowid) == event, f"event {rowid} was shown and is not there any more"

    numbers = [(item["sessionId"], item["seq"]) for item in journal if "seq" in item]
    assert len(set(numbers)) == len(numbers), "no event was applied twice"

    assert len(set(acknowledged)) == len(acknowledged)
    for session in acknowledged:
        ended = daemon.wait_for_end(session)
        assert ended["live"] is False
        assert ended["endedAt"] >= ended["createdAt"]
        if ended["state"] == "FAILED":
            reasons = [entry.get("reason") for entry in ended["timeline"] if entry["state"] == "FAILED"]
            assert reasons == ["runner_lost"], ended
        ends = [item for item in journal if item["type"] == "SESSION_ENDED" and item.get("sessionId") == session]
        assert len(ends) <= 1


def test_the_output_up_to_the_kill_can_still_be_read(daemon):
    session = daemon.run_script("echo before; sleep 1000")
    daemon.wait_for_output(session, b"before")
    daemon.kill()
    daemon.start()

    lost = daemon.wait_for_end(session)
    assert lost["state"] == "FAILED"
    assert lost["timeline"][-1]["reason"] == "runner_lost"
    assert daemon.output(session) == b"before\r\n"
    events = daemon.runner_events(session)
    assert events[-1]["type"] == "SESSION_ENDED"
    assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    assert daemon.get(f"/api/fleet/{session}/recording").status_code == 200


def test_a_program_that_ignores_every_signal_does_not_outlive_its_daemon(daemon):
    session = daemon.run_script("trap '' HUP TERM INT; echo ready; while :; do sleep 0.1; done")
    daemon.wait_for_output(session, b"ready")
    daemon.kill()
    daemon.start()
    daemon.wait_for_end(session)
    eventually(lambda: daemon.processes() == [daemon.pid], "it is gone")


def test_a_broken_tail_of_the_write_ahead_log_is_no_obstacle(daemon):
    """What a crash of the machine may leave: the end of the log is garbage, everything before it counts."""
    session = daemon.run("echo", "hello", name="kept")
    daemon.wait_for_end(session)
    daemon.kill()
    log = daemon.home / "drover.db-wal"
    if log.exists():
        with log.open("ab") as file:
            file.write(b"\xde\xad\xbe\xef" * 1024)
    daemon.start()
    assert daemon.session("kept")["state"] == "COMPLETED"
