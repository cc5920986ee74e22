"""What a shim says, and what it understands."""

import json
import os
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.program import built
from harness.runtime_daemon import ACK, SESSION, RuntimeDaemon, launch_answer
from harness.waiting import eventually


def test_three_calls_with_a_connection_each(stage):
    shim = stage.shim()
    launch = stage.daemon.next()
    assert launch.line == b'{"type":"shim_launch","payload":{"request":{"session_id":"%s"}}}\n' % SESSION.encode()
    assert launch.is_open()
    launch.answer(launch_answer(["/bin/sleep", "1000"]))

    ready = stage.daemon.next()
    assert ready.is_open()
    report = ready.payload["ready"]
    assert list(report) == ["session_id", "shim_pid", "runtime_pid", "start_time", "tmux_pane"]
    assert (report["session_id"], report["shim_pid"], report["tmux_pane"]) == (SESSION, shim.pid, None)
    assert Path(f"/proc/{report['runtime_pid']}/cmdline").read_bytes() == b"/bin/sleep\x001000\0"
    ready.answer(ACK)

    os.kill(report["runtime_pid"], 9)
    end = stage.daemon.next()
    text = b'{"type":"shim_exit","payload":{"exit":{"session_id":"%s","exit":{"code":null,"signal":9}}}}\n'
    assert end.line == text % SESSION.encode()
    assert end.is_open()
    assert shim.is_running()
    end.answer(ACK)
    assert shim.wait() == 0
    assert shim.said() == ""


def test_the_start_time_is_the_kernels(stage):
    shim = stage.shim()
    # A name that would mislead a careless reader of /proc/<pid>/stat.
    program = shim.folder / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    stage.daemon.expect("shim_launch", launch_answer([str(program), "1000"]))
    ready = stage.daemon.expect("shim_ready", ACK).payload["ready"]

    text = ready["start_time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z", text)
    assert not text.endswith("000Z") or "." not in text
    stat = Path(f"/proc/{ready['runtime_pid']}/stat").read_text()
    ticks = int(stat[stat.rindex(")") + 2 :].split()[19])
    boot = int(re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)[1])
    told = datetime.fromisoformat(text).timestamp()
    assert told == pytest.approx(boot + ticks / os.sysconf("SC_CLK_TCK"), abs=0.001)
    assert abs(told - datetime.now(UTC).timestamp()) < 60


def test_an_end_at_once_is_reported_after_the_start(stage):
    stage.start(["/bin/true"])
    stage.expect_exit(code=0)


ANSWER = launch_answer(["/bin/bash", "-c", "exit 7"])
ANSWERS = {
    "members in another order": {"payload": ANSWER["payload"], "type": "shim_launch"},
    "members nobody knows": {
        "x": [{"a": {}}, [], 1.5e-3, "}", None],
        "type": "shim_launch",
        "payload": {"y": True, "launch": {**ANSWER["payload"]["launch"], "z": {"argv": ["/bin/false"]}}},
    },
    "white space": b" \t" + json.dumps(ANSWER, indent=1).replace("\n", "\r").encode() + b"\t \r\n",
    "something behind it": json.dumps(ANSWER).encode() + b'\n{"type":"error"}\n',
    "escaped names": rb'{"t\u0079pe":"shim\u005flaunch","payload":{"launch":{"\u0061rgv":["\/bin\/bash","-c",'
    rb'"ex\u0069t 7"],"env":[],"cwd":"\u002F"}}}' + b"\n",
    "names that come twice": rb'{"type":"ack","type":"shim_launch","payload":{"launch":{"argv":["/bin/false"],"env":[],'
    rb'"cwd":"/","argv":["/bin/bash","-c","exit 7"]}}}' + b"\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers_it_understands(stage, answer):
    stage.shim()
    stage.daemon.expect("shim_launch", answer)
    stage.daemon.expect("shim_ready", {"payload": {"more": 1}, "type": "ack"})
    stage.expect_exit(code=7)


def test_an_answer_that_comes_byte_by_byte(stage):
    stage.shim()
    call = stage.daemon.next()
    for byte in json.dumps(ANSWER).encode():
        call.send(bytes([byte]))
    # It waits for the end of the line, not for that of the object.
    assert call.is_open()
    call.answer(b"\n")
    stage.daemon.expect("shim_ready", ACK)
    stage.expect_exit(code=7)


def test_an_answer_of_many_megabytes(stage):
    stage.shim()
    stage.daemon.expect("shim_launch", {"padding": "é" * 2_000_000, **ANSWER})
    stage.daemon.expect("shim_ready", ACK)
    stage.expect_exit(code=7)


# How it is called


@pytest.mark.parametrize(
    "words",
    [
        ["--session-id", SESSION],
        [f"--session-id={SESSION}"],
        ["--session-id", SESSION.upper()],
        ["--session-id", SESSION.replace("-", "")],
        ["--session-id", f"urn:uuid:{SESSION}"],
        ["--session-id", f"{{{SESSION}}}"],
    ],
)
def test_ways_to_name_a_session(stage, words):
    stage.shim(words=["__shim", *words])
    assert stage.daemon.next().payload == {"request": {"session_id": SESSION}}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["__shim"],
        ["--session-id", SESSION],
        ["__shim", "--session-id"],
        ["__shim", "--session-id="],
        ["__shim", "--session-id", "no-id"],
        ["__shim", "--session-id", SESSION[:-1]],
        ["__shim", "--session-id", SESSION[:-1] + "g"],
        ["__shim", "--session-id", SESSION.replace("-", "_")],
        ["__shim", "--session-identity", SESSION],
        ["__shim", "--session-id", SESSION, "more"],
        ["__shim", SESSION],
    ],
)
def test_calling_it_the_wrong_way(stage, words):
    shim = stage.shim(words=words)
    assert shim.wait() == 2
    assert re.fullmatch(r"drover-shim: .+; usage: drover-shim __shim --session-id UUID\n", shim.said())


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"RTM_SOCKET_PATH": "{}/a.sock", "XDG_RUNTIME_DIR": "{}/x", "HOME": "{}/h"}, "a.sock"),
        ({"XDG_RUNTIME_DIR": "{}/x", "HOME": "{}/h"}, "x/rtm/sock"),
        ({"XDG_RUNTIME_DIR": "", "HOME": "{}/h"}, "h/.rtm/sock"),
        ({"HOME": "{}/h"}, "h/.rtm/sock"),
    ],
)
def test_where_it_looks_for_the_daemon(stage, variables, where):
    with closing(RuntimeDaemon(stage.folder / where).open()) as daemon:
        stage.shim(environment={name: value.format(stage.folder) for name, value in variables.items()})
        assert daemon.next().type == "shim_launch"


@pytest.mark.parametrize(
    "variables", [{}, {"RTM_SOCKET_PATH": "", "HOME": "/tmp"}, {"RTM_SOCKET_PATH": "/" + "x" * 107}]
)
def test_no_place_to_look_for_the_daemon(stage, variables):
    shim = stage.shim(environment=variables)
    assert shim.wait() == 2
    assert "RTM_SOCKET_PATH" in shim.said()


def test_drover_itself_can_be_the_shim(stage):
    shim = stage.start(["/bin/bash", "-c", "exit 5"], program=built("drover", "DROVER_BIN"))
    stage.expect_exit(code=5)
    assert shim.wait() == 0
    assert eventually(lambda: not Path(f"/proc/{shim.runtime}").exists(), "the runtime was reaped")
