"""After many sessions and many visitors the daemon is as it was before."""

import pytest

from harness import processes
from harness.viewer import Viewer
from harness.waiting import eventually


def rest(daemon) -> tuple[int, int]:
    eventually(lambda: processes.children(daemon.pid) == [], "no child is left, not even a dead one")
    return len(processes.descriptors(daemon.pid)), processes.threads(daemon.pid)


@pytest.mark.timeout(180)
def test_two_hundred_sessions_leave_nothing_behind(daemon):
    def run(count: int) -> None:
        for start in range(0, count, 5):
            batch = [daemon.run_script(f"echo {start + number}") for number in range(5)]
            for session in batch:
                assert daemon.wait_for_end(session)["state"] == "COMPLETED"

    run(20)
    descriptors, threads = rest(daemon)
    run(200)

    def as_before():
        now = rest(daemon)
        # The pool of workers may have grown to its size meanwhile; nothing else may.
        assert now[0] <= descriptors + 2, processes.descriptors(daemon.pid)
        assert now[1] <= threads + 4
        return True

    eventually(as_before, "descriptors and threads are as before")
    assert not processes.zombies(daemon.pid)
    assert daemon.get("/api/fleet").json()["total"] == 220


def test_visitors_leave_nothing_behind(daemon):
    def visit(transport: str) -> None:
        with Viewer(daemon.url, transport) as viewer:
            viewer.join("village", villageId="demo")
            viewer.join("fleet")

    for transport in ("polling", "websocket", "upgrade"):
        visit(transport)
    daemon.http.close()
    descriptors, _ = rest(daemon)
    for _ in range(4):
        for transport in ("polling", "websocket", "upgrade"):
            visit(transport)
    eventually(
        lambda: len(processes.descriptors(daemon.pid)) <= descriptors + 2,
        "their connections are closed",
    )


def test_sessions_that_cannot_start_leave_nothing_behind(daemon):
    daemon.wait_for_end(daemon.run("no-such-program"))
    descriptors, _ = rest(daemon)
    for _ in range(30):
        daemon.wait_for_end(daemon.run("no-such-program"))
    eventually(lambda: rest(daemon)[0] <= descriptors + 1, "descriptors are as before")
