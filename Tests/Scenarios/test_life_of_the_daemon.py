"""How the daemon starts, refuses to start, and stops."""

import contextlib
import signal
import socket
import sqlite3
import stat
import time

import pytest

from harness import processes
from harness.waiting import eventually


def test_the_ready_line_says_where_everything_is(daemon):
    assert daemon.ready["ready"] is True
    assert daemon.ready["pid"] == daemon.pid
    assert daemon.ready["http"].startswith("http://127.0.0.1:")
    assert daemon.ready["version"]
    assert daemon.get("/healthz").json()["status"] == "ok"


def test_readiness_and_health_need_no_credentials(daemon):
    assert eventually(lambda: daemon.get("/readyz").status_code == 200, "the daemon is ready")
    assert daemon.get("/readyz").json()["status"] == "ok"


def test_the_home_is_private(make_daemon):
    daemon = make_daemon()
    daemon.home.rmdir()
    daemon.start()

    assert stat.S_IMODE(daemon.home.stat().st_mode) == 0o700
    database = daemon.home / "drover.db"
    assert database.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_daemon_in_good_order(daemon, number):
    daemon.mock("flood")
    daemon.run("sleep", "1000")
    daemon.program.signal(number)
    assert daemon.program.wait(40) == 0
    assert not daemon.processes()


def test_a_shutdown_by_http_ends_the_daemon_in_good_order(daemon):
    assert daemon.post("/api/shutdown").status_code == 202
    assert daemon.program.wait(40) == 0


def test_a_second_daemon_on_the_same_home_is_refused_with_a_sentence(daemon):
    second = daemon.cli("up")

    assert second.returncode == 1
    assert not second.stdout
    message = second.stderr.decode()
    assert "already" in message or "another" in message, message
    assert "Fatal" not in message
    assert daemon.is_healthy()


def test_a_daemon_takes_the_place_of_one_that_was_killed(daemon):
    daemon.kill()
    daemon.start()
    assert daemon.is_healthy()


def test_a_port_in_use_is_refused_with_a_sentence(make_daemon):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = make_daemon()
        daemon.environment["DROVER_PORT"] = str(port)
        program = daemon.launch()
        assert program.wait(20) == 1
    message = daemon.log_text()
    assert str(port) in message, message
    assert "Fatal" not in message


def test_a_home_that_cannot_be_written_is_refused_with_a_sentence(make_daemon):
    daemon = make_daemon()
    daemon.home.rmdir()
    daemon.home.write_text("a file where the folder should be")
    program = daemon.launch()
    assert program.wait(20) == 1
    assert str(daemon.home) in daemon.log_text()


def test_a_database_that_is_none_is_refused_with_a_sentence(make_daemon):
    daemon = make_daemon()
    (daemon.home / "drover.db").write_bytes(b"this is not a database" * 1000)
    program = daemon.launch()
    assert program.wait(20) == 1
    assert "database" in daemon.log_text()
    assert "Fatal" not in daemon.log_text()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(make_daemon):
    daemon = make_daemon().start()
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(daemon.home / "drover.db")) as database, database:
        database.execute("INSERT INTO migration (id) VALUES ('9999-from-the-future')")
    program = daemon.launch()
    assert program.wait(20) == 1
    assert "newer" in daemon.log_text(), daemon.log_text()
    with contextlib.closing(sqlite3.connect(daemon.home / "drover.db")) as database:
        assert database.execute("SELECT count(*) FROM migration WHERE id LIKE '9999%'").fetchone() == (1,)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_others_can_reach_is_refused_without_accounts(make_daemon, host):
    answer = make_daemon().cli("up", "--host", host)
    assert answer.returncode == 1
    assert not answer.stdout
    assert host.encode() in answer.stderr


def test_the_daemon_can_be_reached_by_ip_version_6(make_daemon):
    daemon = make_daemon()
    daemon.launch("--host", "::1")
    daemon.ready = daemon.program.wait_until_ready()
    assert daemon.url.startswith("http://[::1]:")
    assert daemon.is_healthy()
    assert daemon.cli("ls").returncode == 0


def test_what_happened_is_there_after_a_restart(daemon):
    session = daemon.run("echo", "hello", name="greeting")
    before = daemon.wait_for_end(session)
    output = daemon.output(session)

    daemon.restart()

    after = daemon.session("greeting")
    assert after["id"] == session
    for key in ("state", "createdAt", "startedAt", "endedAt", "exitCode", "title", "lastSeq", "terminal"):
        assert after[key] == before[key], key
    assert daemon.output(session) == output == b"hello\r\n"


def test_sessions_that_run_when_the_daemon_stops_are_accounted_for(daemon):
    session = daemon.run("sleep", "1000")
    daemon.wait_for_state(session, "RUNNING")
    daemon.restart()

    after = daemon.wait_for_end(session)
    assert after["live"] is False
    assert after["endedAt"] >= after["startedAt"]


def test_a_daemon_at_rest_does_nothing(daemon):
    """No wake-ups without a reason. A clock tick is what the kernel counts in, so a few are allowed."""

    def ticks() -> int:
        fields = processes.read(daemon.pid, "stat").rsplit(b") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    daemon.get("/healthz")
    before, since = ticks(), time.monotonic()
    eventually(lambda: time.monotonic() - since > 2, "two seconds have passed")
    assert ticks() - before <= 5
