"""Fifty shims weigh next to nothing."""

from pathlib import Path

import pytest

from harness import processes
from harness.runtime_daemon import ACK, launch_answer
from harness.waiting import eventually


@pytest.mark.timeout(180)
def test_fifty_of_them(stage):
    # An environment as big as those of people, so that what a launch takes is seen if it stays.
    env = {f"VARIABLE_{number}": "x" * 200 for number in range(100)}
    shims = []
    for _ in range(50):
        shims.append(stage.shim())
        stage.daemon.expect("shim_launch", launch_answer(["/bin/sleep", "1000"], env))
        stage.daemon.expect("shim_ready", ACK)
    for shim in shims:
        eventually(lambda pid=shim.pid: processes.status(pid)["State"].startswith("S"), "the shim waits")
    resident = [processes.resident_bytes(shim.pid) for shim in shims]
    assert max(resident) <= 1 << 20, resident
    assert sum(resident) <= 50 << 20
    assert sum(proportional_bytes(shim.pid) for shim in shims) <= 10 << 20
    for shim in shims:
        assert processes.threads(shim.pid) == 1
        # stdin, stdout, stderr, its signals, its runtime
        assert len(processes.descriptors(shim.pid)) == 5, processes.descriptors(shim.pid)


def proportional_bytes(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


def test_one_that_waits_does_nothing(stage):
    shim = stage.start(["/bin/sleep", "1000"])

    def switches() -> int:
        return int(processes.status(shim.pid)["voluntary_ctxt_switches"])

    eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "the shim waits")
    # Whatever another one does from beginning to end is time enough for this one to wake up if it did so at intervals.
    before = switches()
    for _ in range(20):
        other = stage.start(["/bin/sleep", "0.05"])
        stage.expect_exit(code=0)
        other.wait()
    assert switches() == before
