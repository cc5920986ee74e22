"""The bytes of a program: none lost, none changed, however many and whatever they are."""

import hashlib
import json
import socket
import struct

import requests

from harness import processes
from harness.socketio_wire import Wire
from harness.waiting import eventually

MEBIBYTE = 1 << 20
NOT_UTF_8 = bytes(range(256)) + b"\xff\xfe" + "grüße ☃".encode()[:-1]


def digest_of_output(daemon, session: str) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    with requests.get(f"{daemon.url}/api/fleet/{session}/output", stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_content(MEBIBYTE):
            digest.update(chunk)
            length += len(chunk)
    return length, digest.hexdigest()


def test_a_hundred_megabytes_are_recorded_though_one_viewer_never_reads(daemon, watch):
    length = 100 * MEBIBYTE
    line = b"the quick brown fox jumps over the lazy dog 0123456789 and again\n"
    expected = hashlib.sha256((line * (length // len(line) + 1))[:length]).hexdigest()

    session = daemon.run_script(
        f"stty -opost -echo; echo ready; read go; yes '{line.decode().strip()}' | head -c {length}", name="flood"
    )
    daemon.wait_for_output(session, b"ready\n")
    with Wire(int(daemon.address[1])) as asleep:
        asleep.socket.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asleep.connect()
        asleep.send("20" + json.dumps(["join_session", {"sessionId": session}]))
        assert json.loads(asleep.read()[2:])[0]["ok"] is True
        # From here on it does not read any more, and its connection stays open.
        awake = watch()
        awake.join("session", sessionId=session)
        awake.join("village", villageId="demo")

        daemon.type(session, "\n")
        ended = daemon.wait_for_end(session, within=80)

    assert (ended["state"], ended["exitCode"]) == ("COMPLETED", 0)
    before = len(b"ready\n")
    assert ended["terminal"]["bytes"] == length + before
    recorded, _ = digest_of_output(daemon, session)
    assert recorded == length + before
    tail = requests.get(f"{daemon.url}/api/fleet/{session}/output", params={"from": before}, timeout=60).content
    assert hashlib.sha256(tail).hexdigest() == expected
    assert processes.peak_resident_bytes(daemon.pid) < 150 * MEBIBYTE
    # Whoever reads is told what was left out for it, so that the sum is right.
    chunks = awake.wait_for("terminal_output", lambda c: c["offset"] + c["bytes"] >= length + before)
    assert chunks
    assert_chunks_are_honest(awake.seen("terminal_output"), length + before)


def assert_chunks_are_honest(chunks: list[dict], end: int) -> None:
    """Every chunk begins where the one before ended, or says how much is missing between them."""
    position = chunks[0]["offset"]
    for chunk in chunks:
        assert chunk["offset"] >= position
        position = chunk["offset"] + chunk.get("bytes", 0)
        if "lost" in chunk:
            assert chunk["lost"] > 0
    assert position == end


def test_output_that_is_not_utf_8_is_kept_byte_by_byte(daemon, watch):
    file = daemon.folder / "bytes"
    file.write_bytes(NOT_UTF_8 * 100)
    session = daemon.run_script(f"stty -opost -echo; echo ready; read go; cat {file}")
    daemon.wait_for_output(session, b"ready\n")
    viewer = watch()
    viewer.join("session", sessionId=session)
    daemon.type(session, "\n")
    ended = daemon.wait_for_end(session)

    output = daemon.output(session)
    assert output == b"ready\n" + NOT_UTF_8 * 100
    assert ended["terminal"]["bytes"] == len(output)

    viewer.wait_for("terminal_output", lambda chunk: chunk["offset"] + chunk["bytes"] == len(output))
    chunks = viewer.seen("terminal_output")
    assert sum(chunk["bytes"] for chunk in chunks) == len(output) - chunks[0]["offset"]
    assert all(chunk["data"].encode() for chunk in chunks), "valid UTF-8 has no lone surrogates"
    assert "\ufffd" in "".join(chunk["data"] for chunk in chunks)


def test_a_character_that_arrives_in_two_pieces_is_one_character(daemon, watch):
    session = daemon.run_script(
        r"stty -opost -echo; echo ready; read go; printf 'gr\303'; sleep 0.3; printf '\274\303\237e \360\237'; "
        r"sleep 0.3; printf '\232\200.'"
    )
    daemon.wait_for_output(session, b"ready")
    viewer = watch()
    viewer.join("session", sessionId=session)
    daemon.type(session, "\n")
    daemon.wait_for_end(session)

    viewer.wait_for("terminal_output", lambda chunk: chunk["data"].endswith("."))
    text = "".join(chunk["data"] for chunk in viewer.seen("terminal_output"))
    assert text.endswith("grüße 🚀.")
    assert "\ufffd" not in text


def test_any_part_of_the_output_can_be_fetched(daemon):
    session = daemon.run_script("stty -opost; seq 1 1000")
    daemon.wait_for_end(session)
    whole = daemon.output(session)
    assert whole == "".join(f"{number}\n" for number in range(1, 1001)).encode()

    for start, limit in ((0, 10), (5, 1), (100, 1000), (len(whole) - 1, 10), (len(whole), 10)):
        answer = daemon.get(f"/api/fleet/{session}/output", params={"from": start, "limit": limit})
        assert answer.content == whole[start : start + limit]
        assert answer.headers["X-Drover-Offset"] == str(start)
        assert answer.headers["X-Drover-End"] == str(len(whole))
        assert answer.headers["Content-Type"] == "application/octet-stream"
    assert daemon.output(session, **{"from": -10}) == whole[-10:]
    assert daemon.output(session, **{"from": -len(whole) - 10}) == whole
    for wrong in ({"from": "x"}, {"limit": "x"}, {"limit": -1}):
        assert daemon.get(f"/api/fleet/{session}/output", params=wrong).status_code == 400


def test_a_viewer_who_comes_late_sees_what_one_saw_who_was_there(daemon, watch):
    """The recipe of the fleet API: join, fetch, and go on where the fetched bytes end."""
    session = daemon.run_script("stty -opost; for i in $(seq 1 300); do echo line $i; sleep 0.005; done")
    early = watch()
    early.join("session", sessionId=session)
    eventually(lambda: daemon.session(session)["terminal"]["bytes"] > 500, "it has written something")

    late = watch()
    late.join("session", sessionId=session)
    answer = daemon.get(f"/api/fleet/{session}/output")
    shown, end = answer.content, int(answer.headers["X-Drover-End"])
    assert len(shown) == end
    daemon.wait_for_end(session)

    whole = daemon.output(session)
    if end < len(whole):
        late.wait_for("terminal_output", lambda chunk: chunk["offset"] + chunk["bytes"] == len(whole))
    for chunk in late.seen("terminal_output", lambda chunk: chunk["offset"] >= end):
        assert chunk["offset"] == len(shown), "events align with what was fetched"
        shown += chunk["data"].encode()
    assert shown == whole


def test_the_recording_is_an_asciicast(daemon):
    session = daemon.run_script("echo hello; sleep 0.2; echo grüße", cols=91, rows=17)
    daemon.wait_for_end(session)
    answer = daemon.get(f"/api/fleet/{session}/recording")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    header, *events = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 91, 17)
    assert "".join(data for _, kind, data in events if kind == "o") == "hello\r\ngrüße\r\n"
    times = [moment for moment, _, _ in events]
    assert times == sorted(times)
    assert times[-1] >= 0.2


def test_output_continues_after_a_viewer_broke_off(daemon):
    """A connection that is cut in the middle of a download or a stream costs nobody else anything."""
    session = daemon.mock("flood", stepMs=1)
    eventually(lambda: daemon.session(session)["terminal"]["bytes"] > 10_000, "it floods")
    for _ in range(20):
        with socket.create_connection(daemon.address, 20) as cut:
            # Closing with unread data and no lingering resets the connection.
            cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            cut.sendall(f"GET /api/fleet/{session}/output HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            cut.recv(100)
    before = daemon.session(session)["terminal"]["bytes"]
    eventually(lambda: daemon.session(session)["terminal"]["bytes"] > before, "it floods on")
    daemon.post(f"/api/runner/sessions/{session}/stop", {})
    daemon.wait_for_end(session)
