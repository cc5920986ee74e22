"""Processes and what the kernel says about them."""

import ctypes
import os
import pathlib
import resource
import signal
import socket
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "Benchmarks"
CACHE = ROOT / ".cache" / "bench"
PYTHON = ROOT / ".cache" / "bench-venv" / "bin" / "python"

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


# Short, because Unix sockets lie below it; gone with us.
SCRATCH = tempfile.TemporaryDirectory(prefix="drover-bench-", dir="/tmp", ignore_cleanup_errors=True)


class Failure(Exception):
    """A measurement that could not be made, and why."""


def cores():
    """The core servers run on, and the core the load runs on."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (allowed[0], allowed[0])


SERVER_CORE, LOAD_CORE = cores()


def pinned(core):
    """What a child does before it becomes a program: one core, many files, and an end when we end."""

    def prepare():
        os.sched_setaffinity(0, {core})
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


def set_cores(pid, cores):
    """Lets the threads of a process run on these cores."""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(task), cores)
        except ProcessLookupError:
            pass


def adopt_orphans():
    """Makes us the parent of processes whose own parent ends, so that none is left behind."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _parents():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            yield int(entry), int(stat.rpartition(")")[2].split()[1])


def tree(pid):
    """A process and all its descendants."""
    children = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def end_descendants():
    """Ends whatever still runs below us."""
    for pid in tree(os.getpid())[1:]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return


def resident_kb(pid):
    """Resident memory of a process tree."""
    total = 0
    for member in tree(pid):
        try:
            for line in pathlib.Path(f"/proc/{member}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total


def wakeups(pid):
    """How often threads of a process tree have gone to sleep of themselves, which is how often they were woken."""
    total = 0
    for member in tree(pid):
        try:
            for task in os.listdir(f"/proc/{member}/task"):
                for line in pathlib.Path(f"/proc/{member}/task/{task}/status").read_text().splitlines():
                    if line.startswith("voluntary_ctxt_switches:"):
                        total += int(line.split()[1])
        except OSError:
            pass
    return total


def _machine_seconds():
    """Processor time the machine has used, and could have."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / tick, sum(fields) / tick


def busy_fraction(seconds):
    """How much of the machine is in use while we do nothing."""
    used, possible = _machine_seconds()
    time.sleep(seconds)
    later_used, later_possible = _machine_seconds()
    return (later_used - used) / max(0.01, later_possible - possible)


class Usage:
    """What the machine has been used for since now."""

    def __init__(self):
        self.begin = self.read()

    @staticmethod
    def read():
        ours = 0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            ours += usage.ru_utime + usage.ru_stime
        return (ours, *_machine_seconds())

    def others(self):
        """The part of the machine that programs other than ours have used."""
        ours, used, possible = (now - then for now, then in zip(self.read(), self.begin))
        return max(0.0, (used - ours) / max(0.01, possible))


def describe():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release, "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1]}
