"""Programs that own the whole screen, and the size of their terminal."""

import hashlib

import pytest

from harness.waiting import eventually

ENTER_ALTERNATE_SCREEN, LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


def resize(daemon, session: str, cols: int, rows: int) -> None:
    answer = daemon.post(f"/api/runner/sessions/{session}/resize", {"cols": cols, "rows": rows})
    assert answer.json() == {"ok": True}


def test_vim_edits_a_file(daemon):
    file = daemon.folder / "note.txt"
    session = daemon.run("vim", "-u", "NONE", "-N", str(file))
    daemon.wait_for_output(session, ENTER_ALTERNATE_SCREEN)
    daemon.type(session, "iwritten by hand: grüße\x1b:wq\r")

    assert daemon.wait_for_end(session)["state"] == "COMPLETED"
    assert file.read_text() == "written by hand: grüße\n"
    assert LEAVE_ALTERNATE_SCREEN in daemon.output(session)


def test_less_pages_and_quits(daemon):
    file = daemon.folder / "long.txt"
    file.write_text("".join(f"line {number}\n" for number in range(1000)))
    session = daemon.run("less", str(file), cols=80, rows=24)
    daemon.wait_for_output(session, b"line 22")
    assert b"line 500" not in daemon.output(session)
    daemon.type(session, "G")
    daemon.wait_for_output(session, b"line 999")
    daemon.type(session, "q")
    assert daemon.wait_for_end(session)["exitCode"] == 0


def test_htop_draws_takes_a_new_size_and_quits(daemon):
    session = daemon.run("htop", "--no-colour", cols=100, rows=30)
    daemon.wait_for_output(session, b"Mem")
    before = daemon.session(session)["terminal"]["bytes"]
    resize(daemon, session, 80, 24)
    eventually(lambda: daemon.session(session)["terminal"]["bytes"] > before, "it draws again")
    daemon.type(session, "q")
    assert daemon.wait_for_end(session)["exitCode"] == 0


def test_a_terminal_has_a_size_from_the_start(daemon):
    session = daemon.run("stty", "size")
    daemon.wait_for_end(session)
    assert daemon.output(session) == b"40 120\r\n"

    session = daemon.run("stty", "size", cols=91, rows=17)
    daemon.wait_for_end(session)
    assert daemon.output(session) == b"17 91\r\n"


def test_a_new_size_reaches_the_program_and_the_viewers(daemon, watch):
    session = daemon.run_script('trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done')
    daemon.wait_for_output(session, b"ready")
    viewer = watch()
    viewer.join("session", sessionId=session)

    resize(daemon, session, 132, 43)
    daemon.wait_for_output(session, b"43 132")
    (told,) = viewer.wait_for("terminal_resized")
    assert (told["sessionId"], told["cols"], told["rows"]) == (session, 132, 43)
    assert isinstance(told["ts"], int)

    answer = viewer.ask("terminal_resize", {"sessionId": session, "cols": 77, "rows": 11})
    assert answer == {"ok": True}
    daemon.wait_for_output(session, b"11 77")
    terminal = daemon.session(session)["terminal"]
    assert (terminal["cols"], terminal["rows"]) == (77, 11)
    daemon.post(f"/api/runner/sessions/{session}/stop", {"graceful": False})


@pytest.mark.parametrize("key, effect", [("\x03", b"interrupted"), ("\x1c", b"quit")], ids=["Ctrl-C", "Ctrl-backslash"])
def test_control_keys_become_signals(daemon, key, effect):
    session = daemon.run_script(
        "trap 'echo interrupted; exit' INT; trap 'echo quit; exit' QUIT; echo ready; while :; do sleep 0.05; done"
    )
    daemon.wait_for_output(session, b"ready")
    daemon.type(session, key)
    daemon.wait_for_output(session, effect)
    daemon.wait_for_end(session)


def test_long_input_arrives_whole_though_the_program_reads_slowly(daemon):
    """More than the kernel's buffer of a terminal holds: the rest waits until there is room."""
    session = daemon.run_script("stty raw -echo; echo ready; sleep 0.5; head -c 200000 | sha256sum")
    daemon.wait_for_output(session, b"ready")
    text = "0123456789" * 20_000
    for start in range(0, len(text), 50_000):
        daemon.type(session, text[start : start + 50_000])

    daemon.wait_for_output(session, hashlib.sha256(text.encode()).hexdigest().encode())
    assert daemon.wait_for_end(session)["exitCode"] == 0
