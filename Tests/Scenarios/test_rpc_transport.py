"""The socket of the runtime RPC: where it is, who may come in, and how a connection lives (contract §1)."""

import json
import os
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest

from harness import processes
from harness.rpc import LINE_LIMIT, RPC, Closed, Peer, request_line
from harness.runtimes import RuntimeDaemon
from harness.waiting import eventually

VERSION = b'{"type":"version"}'


def answers(path) -> bool:
    return RPC(path).version()["protocol_version"] == "0.3"


# Where it is


def test_the_ready_line_names_the_socket(host):
    assert host.ready["rpc"] == host.environment["RTM_SOCKET_PATH"]
    assert answers(host.ready["rpc"])


def test_the_socket_and_its_folder_are_private(make_host):
    host = make_host()
    path = host.folder / "deep" / "er" / "sock"
    host.environment["RTM_SOCKET_PATH"] = str(path)
    host.start()

    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert answers(path)


def test_without_a_path_of_its_own_the_socket_is_in_the_runtime_folder(make_host):
    host = make_host()
    del host.environment["RTM_SOCKET_PATH"]
    host.start()
    assert host.ready["rpc"] == f"{host.environment['XDG_RUNTIME_DIR']}/rtm/sock"
    assert answers(host.ready["rpc"])
    assert host.rpc.doctor()["socket_path"] == "$XDG_RUNTIME_DIR/rtm/sock"


@pytest.mark.parametrize("runtime_folder", [None, ""], ids=["unset", "empty"])
def test_without_a_runtime_folder_the_socket_is_at_home(make_host, runtime_folder):
    host = make_host()
    del host.environment["RTM_SOCKET_PATH"], host.environment["XDG_RUNTIME_DIR"]
    if runtime_folder is not None:
        host.environment["XDG_RUNTIME_DIR"] = runtime_folder
    host.start()
    assert host.ready["rpc"] == f"{host.environment['HOME']}/.rtm/sock"
    assert answers(host.ready["rpc"])
    assert host.rpc.doctor()["socket_path"] == "~/.rtm/sock"


def test_without_any_place_for_a_socket_the_daemon_does_not_start(make_host):
    host = make_host()
    for name in ("RTM_SOCKET_PATH", "XDG_RUNTIME_DIR", "HOME"):
        del host.environment[name]
    assert host.launch().wait() == 1
    assert "HOME" in host.log_text()
    assert "Fatal" not in host.log_text()


def test_an_empty_path_is_used_as_it_is_and_is_none(make_host):
    host = make_host()
    host.environment["RTM_SOCKET_PATH"] = ""
    assert host.launch().wait() == 1
    assert "RTM_SOCKET_PATH" in host.log_text() or "socket" in host.log_text()
    assert "Fatal" not in host.log_text()


def path_of_length(host: RuntimeDaemon, length: int) -> str:
    start = f"{host.folder}/"
    return start + "s" * (length - len(start))


def test_the_longest_path_that_an_address_holds_is_good(make_host):
    host = make_host()
    path = path_of_length(host, 107)
    host.environment["RTM_SOCKET_PATH"] = path
    host.start()
    assert answers(path)


@pytest.mark.parametrize("length", [108, 200])
def test_a_path_that_is_too_long_is_refused_with_a_sentence(make_host, length):
    host = make_host()
    path = path_of_length(host, length)
    host.environment["RTM_SOCKET_PATH"] = path
    assert host.launch().wait() == 1
    assert path in host.log_text()
    assert "107" in host.log_text(), "it says how long a path may be"
    assert "Fatal" not in host.log_text()


# Whose it is


def test_a_socket_that_a_killed_daemon_left_is_no_obstacle(host):
    host.kill()
    assert host.socket.exists()
    with pytest.raises(ConnectionRefusedError):
        Peer(host.socket)
    host.start()
    assert answers(host.socket)


def test_a_second_daemon_does_not_take_the_socket_of_a_live_one(host, make_host):
    second = make_host()
    second.environment["RTM_SOCKET_PATH"] = str(host.socket)
    assert second.launch().wait() == 1

    assert str(host.pid) in second.log_text() or str(host.socket) in second.log_text(), second.log_text()
    assert "Fatal" not in second.log_text()
    assert host.socket.exists()
    assert answers(host.socket)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_daemon_that_ends_takes_its_socket_with_it(host, number):
    host.program.signal(number)
    assert host.program.wait(20) == 0
    assert not host.socket.exists()


def test_stop_is_answered_before_the_daemon_ends(host):
    assert host.rpc.exchange(b'{"type":"stop"}\n') == {"type": "stopping"}
    assert host.program.wait(20) == 0
    assert not host.socket.exists()


def test_a_daemon_that_cannot_start_leaves_no_socket(make_host):
    host = make_host()
    (host.home / "drover.db").write_bytes(b"this is not a database" * 1000)
    assert host.launch().wait() == 1
    assert not host.socket.exists()


# Run as another user, with the folders open to anyone: what is left is the daemon's own look at its peer.
STRANGER = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(10)
peer.connect(sys.argv[1])
try:
    peer.sendall(b'{"type":"version"}\\n')
    print(len(peer.recv(65536)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_not_answered(host):
    for path in (host.folder, host.socket.parent, host.socket):
        path.chmod(0o777)
    ran = subprocess.run(
        [sys.executable, "-IS", "-c", STRANGER, str(host.socket)], capture_output=True, timeout=20, check=True
    )
    assert ran.stdout.strip() == b"0", "another user was answered"
    assert answers(host.socket)


# One request, one answer

FRAMES = {
    "a line": [VERSION + b"\n"],
    "a carriage return before the line feed": [VERSION + b"\r\n"],
    "white space around": [b"  " + VERSION + b" \t \r\n"],
    "bytes after the line feed": [VERSION + b"\n" + b'{"type":"doctor"}\n' + bytes(100)],
    "several writes": [b'{"ty', b'pe":"ver', b'sion"}', b"\n"],
    "byte by byte": [bytes([byte]) for byte in VERSION + b"\n"],
    "payload null": [b'{"type":"version","payload":null}\n'],
    "payload empty": [b'{"type":"version","payload":{}}\n'],
    "payload before type": [b'{"payload":null,"type":"version"}\n'],
    "keys nobody knows": [b'{"x":[1,{"type":"stop"}],"type":"version","id":7}\n'],
    "a type in escapes": [b'{"type":"\\u0076ersion"}\n'],
}


@pytest.mark.parametrize("writes", FRAMES.values(), ids=FRAMES.keys())
def test_a_request_is_read_however_it_comes(shared_host, writes):
    with shared_host.rpc.connect() as peer:
        for data in writes:
            # Later writes may find that the answer was given and the connection closed.
            peer.send(data)
        assert peer.answer()["type"] == "version"


@pytest.mark.parametrize("request_bytes", [VERSION, VERSION + b"\r", VERSION + b"\n"], ids=["bare", "CR", "LF"])
def test_the_end_of_the_stream_ends_a_request_too(shared_host, request_bytes):
    assert shared_host.rpc.exchange(request_bytes, half_close=True)["type"] == "version"


def test_a_second_request_on_a_connection_is_never_answered(shared_host):
    with shared_host.rpc.connect() as peer:
        peer.send(VERSION + b"\n" + VERSION + b"\n")
        # One line is all that comes; answer() insists on it.
        assert peer.answer()["type"] == "version"


def test_a_visitor_who_says_nothing_is_not_answered(shared_host):
    with shared_host.rpc.connect() as peer:
        peer.half_close()
        assert peer.read_to_end() == b""


def test_a_visitor_who_leaves_at_once_disturbs_nobody(shared_host):
    for _ in range(50):
        with shared_host.rpc.connect() as peer:
            peer.send(b'{"type":"doc')
        with shared_host.rpc.connect() as peer:
            peer.send(VERSION + b"\n")
    assert answers(shared_host.socket)


def test_many_talk_at_the_same_time(shared_host):
    peers = [shared_host.rpc.connect() for _ in range(200)]
    for peer in peers:
        peer.send(VERSION + b"\n")
    assert {peer.answer()["type"] for peer in peers} == {"version"}
    for peer in peers:
        peer.close()


def test_those_who_wait_in_front_of_a_starting_daemon_are_served(make_host):
    """The socket is bound before the daemon has put itself in order, and early visitors wait (§1.1)."""
    host = make_host()
    host.launch()
    path = host.environment["RTM_SOCKET_PATH"]

    def come_in():
        try:
            return Peer(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    with eventually(come_in, "somebody can connect", every=0.001) as peer:
        peer.send(VERSION + b"\n")
        assert peer.answer()["type"] == "version"
    host.ready = host.program.wait_until_ready()


# Limits


def padded(length: int) -> bytes:
    """A request of this many bytes, line feed not included."""
    frame = b'{"type":"version","pad":""}'
    return frame[:-2] + b"x" * (length - len(frame)) + frame[-2:]


def test_a_long_line_below_the_limit_is_read(shared_host):
    assert shared_host.rpc.exchange(padded(LINE_LIMIT - 100) + b"\n")["type"] == "version"


def test_a_line_above_the_limit_is_refused(shared_host):
    answer = shared_host.rpc.exchange(padded(LINE_LIMIT + 100) + b"\n")
    assert answer["payload"]["code"] == "protocol_mismatch"


def test_a_line_without_end_is_refused_and_not_kept(shared_host):
    before = processes.resident_bytes(shared_host.pid)
    with shared_host.rpc.connect() as peer:
        while peer.send(b"x" * (1 << 20)):
            pass
        assert peer.answer()["payload"]["code"] == "protocol_mismatch"
    eventually(
        lambda: processes.resident_bytes(shared_host.pid) < before + 24 * 1024 * 1024, "the memory is given back"
    )


def test_nobody_waits_for_the_slow_for_ever(shared_host):
    """Three kinds of visitors who take their time, all at once, as each takes ten seconds (§1.3)."""
    silent, slow, deaf = (shared_host.rpc.connect() for _ in range(3))
    started = time.monotonic()
    slow.send(b'{"type":')
    # The answer says this again, and is too large for the buffers between us.
    deaf.send(request_line("validate_target", {"request": {"target": "x:" + "y" * 4_000_000}}))
    other = shared_host.rpc.connect()
    descriptors = len(processes.descriptors(shared_host.pid))

    took: dict[str, float] = {}
    readable = {silent.socket: "silent", slow.socket: "slow"}
    while readable:
        ready, _, _ = select.select(list(readable), [], [], 0.3)
        for visitor in ready:
            took[readable.pop(visitor)] = time.monotonic() - started
        if slow.socket in readable:
            slow.send(b" ")
        assert time.monotonic() - started < 20, f"still waiting for {list(readable.values())}"
    assert all(8 < seconds < 15 for seconds in took.values()), took

    assert silent.read_to_end() == b""
    answer = slow.answer()
    assert answer["payload"]["code"] == "protocol_mismatch"
    eventually(
        lambda: len(processes.descriptors(shared_host.pid)) <= descriptors - 3,
        "the connection of the one who does not read is closed",
    )
    received = deaf.read_to_end()
    assert len(received) < 4_000_000, "a client that did not read for ten seconds got everything"
    for peer in (silent, slow, deaf, other):
        peer.close()


def test_who_reads_slowly_but_steadily_gets_everything(shared_host):
    target = "x:" + "".join(f"{number:08}" for number in range(400_000))
    with shared_host.rpc.connect() as peer:
        peer.send(request_line("validate_target", {"request": {"target": target}}))
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        received = b""
        while not received.endswith(b"\n"):
            # Others are served in between.
            if len(received) % 7 == 0:
                assert answers(shared_host.socket)
            data = peer.socket.recv(50_000)
            assert data, "the answer breaks off"
            received += data
    outcome = json.loads(received)["payload"]["response"]["outcome"]
    assert outcome == {"kind": "unsupported_target", "target": target}


def test_a_daemon_without_descriptors_goes_on_when_there_are_some_again(host):
    before = resource.prlimit(host.pid, resource.RLIMIT_NOFILE)
    limit = len(processes.descriptors(host.pid)) + 8
    resource.prlimit(host.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    peers = [host.rpc.connect() for _ in range(60)]
    eventually(lambda: len(processes.descriptors(host.pid)) >= limit - 1, "every descriptor is used")

    def cpu() -> int:
        fields = processes.read(host.pid, "stat").rsplit(b") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    # It looks again every 50 ms, which costs next to nothing. One that spins uses the whole of the time.
    spent, since = cpu(), time.monotonic()
    eventually(lambda: time.monotonic() - since > 0.5, "half a second has passed")
    assert cpu() - spent < 20
    assert host.program.is_running()

    for peer in peers[:40]:
        peer.close()
    for peer in peers[40:]:
        # Those who waited all the time are served now.
        peer.send(VERSION + b"\n")
        assert peer.answer()["type"] == "version"
        peer.close()
    resource.prlimit(host.pid, resource.RLIMIT_NOFILE, before)
    assert answers(host.socket)


def test_a_connection_that_only_opens_is_closed_without_a_line_in_the_log(shared_host):
    log = shared_host.log_text()
    for _ in range(5):
        with shared_host.rpc.connect() as peer, pytest.raises(Closed):
            peer.half_close()
            peer.answer()
    assert shared_host.log_text() == log


def test_the_socket_takes_a_hundred_in_its_queue(host):
    """Stopped, the daemon accepts nobody: they wait in the kernel's queue (backlog of 128 or more)."""
    os.kill(host.pid, signal.SIGSTOP)
    try:
        peers = []
        for _ in range(128):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            assert peer.connect_ex(str(host.socket)) == 0
            peers.append(peer)
    finally:
        os.kill(host.pid, signal.SIGCONT)
    for peer in peers:
        peer.close()
    assert answers(host.socket)
