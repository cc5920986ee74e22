"""Looks at processes through /proc."""

import os
from pathlib import Path


def pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def command_line(pid: int) -> str:
    return read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def mentioning(text: str) -> list[int]:
    """The processes, but for this one, whose environment or command line contains the text. Zombies have neither."""
    needle = text.encode()
    own = os.getpid()
    return [pid for pid in pids() if pid != own and (needle in read(pid, "environ") or needle in read(pid, "cmdline"))]


def status(pid: int) -> dict[str, str]:
    lines = read(pid, "status").decode(errors="replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def is_running(pid: int) -> bool:
    return status(pid).get("State", "Z")[0] not in "ZX"


def resident_bytes(pid: int) -> int:
    return int(status(pid)["VmRSS"].split()[0]) * 1024


def peak_resident_bytes(pid: int) -> int:
    return int(status(pid)["VmHWM"].split()[0]) * 1024


def threads(pid: int) -> int:
    return int(status(pid)["Threads"])


def descriptors(pid: int) -> list[str]:
    """What the open descriptors of a process point to."""
    folder = f"/proc/{pid}/fd"
    targets = []
    for name in os.listdir(folder):
        try:
            targets.append(os.readlink(f"{folder}/{name}"))
        except OSError:
            continue  # closed since we listed it
    return targets


def children(pid: int) -> list[int]:
    return [child for child in pids() if status(child).get("PPid") == str(pid)]


def zombies(parent: int) -> list[int]:
    return [child for child in children(parent) if status(child).get("State", "")[:1] == "Z"]
