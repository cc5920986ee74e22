"""Each rule of the contract about what goes over the wire, one by one: envelopes, parameters, events, their codes."""

import itertools
import json
import os
import random
import socket
import subprocess
import sys

import pytest

from harness.ipc import IPC, new_event
from harness.sensing import SensingDaemon
from harness.waiting import eventually

CODES = {
    "empty_request", "read_timeout", "read_error", "request_too_large", "invalid_json", "protocol_mismatch",
    "unknown_method", "invalid_params", "invalid_event_id", "invalid_timestamp", "invalid_pid", "missing_field",
    "unauthorized_peer", "too_many_connections", "invalid_project_path", "routing_error", "serialization_error",
    "liveness_error", "sessions_error", "project_states_error", "activity_error", "tombstone_error",
}  # fmt: skip
WITHOUT_PARAMETERS = [
    "get_health", "get_shell_state", "get_config", "get_sessions", "get_project_states", "get_tombstones",
]  # fmt: skip
TYPES = [
    "session_start", "user_prompt_submit", "pre_tool_use", "post_tool_use", "post_tool_use_failure",
    "permission_request", "pre_compact", "notification", "subagent_start", "subagent_stop", "stop", "teammate_idle",
    "task_completed", "session_end", "shell_cwd", "worktree_create", "worktree_remove", "config_change",
]  # fmt: skip


@pytest.fixture(scope="module")
def host():
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def ipc(host) -> IPC:
    return host.ipc


def line(**envelope) -> bytes:
    return json.dumps({"protocol_version": 1, "method": "get_config"} | envelope).encode() + b"\n"


def code_of(answer: dict) -> str | None:
    """The code of a refusal, and None for a success; either way the answer is one of the contract's."""
    if answer["ok"]:
        assert set(answer) <= {"ok", "id", "data"} and "data" in answer
        return None
    assert set(answer) <= {"ok", "id", "error"}
    assert set(answer["error"]) == {"code", "message"} and answer["error"]["message"].strip()
    assert answer["error"]["code"] in CODES
    return answer["error"]["code"]


# Framing (§1.2)


def test_a_line_feed_may_be_left_out(ipc):
    assert code_of(ipc.exchange(line()[:-1], half_close=True)) is None


def test_only_the_first_line_is_a_request(ipc):
    assert code_of(ipc.exchange(line() + b'{"protocol_version":2}\n')) is None
    assert code_of(ipc.exchange(line() + b"rubbish")) is None


def test_a_request_may_come_in_pieces(ipc):
    with ipc.connect() as peer:
        for byte in line(id="pieces"):
            peer.sendall(bytes([byte]))
        assert json.loads(peer.makefile("rb").readline())["id"] == "pieces"


def test_the_connection_ends_with_its_answer(ipc):
    with ipc.connect() as peer:
        peer.sendall(line())
        answer = peer.makefile("rb").read()
    assert answer.count(b"\n") == 1 and answer.endswith(b"\n")


@pytest.mark.parametrize(("size", "code"), [(1_048_576, None), (1_048_577, "request_too_large")])
def test_a_request_has_a_megabyte_and_no_more(ipc, size, code):
    frame = line(params={"x": ""})[:-1]
    request = line(params={"x": "a" * (size - len(frame))})[:-1]
    assert len(request) == size
    assert code_of(ipc.exchange(request, half_close=True)) == code


def test_a_client_that_leaves_at_once_is_no_news(ipc):
    before = ipc.ask("get_health")["security"]["rejected_connections"]
    for _ in range(200):
        ipc.connect().close()
    health = eventually(lambda: ipc.answer("get_health").get("data"), "it answers")
    assert health["security"]["rejected_connections"] == before
    eventually(lambda: ipc.ask("get_health")["runtime"]["active_connections"] == 1, "their places are free")


def test_a_client_that_resets_its_connection_harms_nobody(ipc):
    for _ in range(50):
        peer = ipc.connect()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.sendall(b'{"protocol_version":1,')
        peer.close()
    assert ipc.ask("get_health")["status"] == "ok"


# Run as another user, with the folders open to anyone: what is left is the daemon's own look at its peer.
STRANGER = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(20)
peer.connect(sys.argv[1])
print(peer.makefile().readline(), end="")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_refused_without_being_heard(host):
    path = host.ipc.path
    before = host.ipc.ask("get_health")["security"]["rejected_connections"]
    folder = os.path.dirname(path)
    modes = [(name, os.stat(name).st_mode & 0o7777) for name in (os.path.dirname(folder), folder, path)]
    try:
        for name, mode in modes:
            os.chmod(name, mode | 0o077)
        ran = subprocess.run([sys.executable, "-c", STRANGER, path], capture_output=True, text=True, timeout=60)
    finally:
        for name, mode in modes:
            os.chmod(name, mode)
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert code_of(answer) == "unauthorized_peer"
    assert "id" not in answer
    assert host.ipc.ask("get_health")["security"]["rejected_connections"] == before + 1


# Envelopes (§1.4, §1.5)

ENVELOPES = {
    "plain": (line(), None, None),
    "with an id": (line(id="abc"), None, "abc"),
    "a null id": (line(id=None), None, None),
    "an empty id": (line(id=""), None, ""),
    "null params": (line(params=None), None, None),
    "id number": (line(id=7), "invalid_json", None),
    "id object": (line(id={}), "invalid_json", None),
    "no version": (b'{"method":"get_config","id":"a"}\n', "invalid_json", "a"),
    "no method": (b'{"protocol_version":1,"id":"a"}\n', "invalid_json", "a"),
    "null version": (line(protocol_version=None, id="a"), "invalid_json", "a"),
    "null method": (line(method=None, id="a"), "invalid_json", "a"),
    "method number": (line(method=1, id="a"), "invalid_json", "a"),
    "version text": (line(protocol_version="1", id="a"), "invalid_json", "a"),
    "version true": (line(protocol_version=True, id="a"), "invalid_json", "a"),
    "version 1.0": (b'{"protocol_version":1.0,"method":"get_config","id":"a"}\n', "invalid_json", "a"),
    "version 1e0": (b'{"protocol_version":1e0,"method":"get_config"}\n', "invalid_json", None),
    "version 0": (line(protocol_version=0, id="a"), "protocol_mismatch", "a"),
    "version -1": (line(protocol_version=-1, id="a"), "protocol_mismatch", "a"),
    "version huge": (line(protocol_version=2**70, id="a"), ("protocol_mismatch", "invalid_json"), "a"),
    "version before method": (line(protocol_version=2, method="nothing", id="a"), "protocol_mismatch", "a"),
    "unknown method": (line(method="nothing", id="a"), "unknown_method", "a"),
    "empty method": (line(method="", id="a"), "unknown_method", "a"),
    "method in capitals": (line(method="GET_CONFIG", id="a"), "unknown_method", "a"),
    "method before params": (line(method="nothing", params=7, id="a"), "unknown_method", "a"),
    "another key": (line(more=1, id="a"), "invalid_json", "a"),
    "a key twice": (b'{"protocol_version":1,"method":"get_config","method":"get_config"}\n', "invalid_json", None),
    "array": (b"[]\n", "invalid_json", None),
    "number": (b"7\n", "invalid_json", None),
    "text": (b'"x"\n', "invalid_json", None),
    "null": (b"null\n", "invalid_json", None),
    "torn": (b'{"protocol_version":1\n', "invalid_json", None),
    "trailing comma": (b'{"protocol_version":1,"method":"get_config",}\n', "invalid_json", None),
    "comment": (b'{"protocol_version":1,"method":"get_config"} // hi\n', "invalid_json", None),
    "two objects": (b'{"protocol_version":1,"method":"get_config"}{}\n', "invalid_json", None),
    "not UTF-8": (b'{"protocol_version":1,"method":"\xff"}\n', "invalid_json", None),
    "deep": (b"[" * 100_000 + b"\n", "invalid_json", None),
    "CR before LF": (line()[:-1] + b"\r\n", None, None),
    "blank": (b"   \t \r\n", "empty_request", None),
    "nothing but LF": (b"\n", "empty_request", None),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelopes(ipc, name):
    request, code, name = ENVELOPES[name]
    answer = ipc.exchange(request)
    codes = code if isinstance(code, tuple) else (code,)
    assert code_of(answer) in codes
    assert answer.get("id") == name
    assert ("id" in answer) == (name is not None)


@pytest.mark.parametrize("method", WITHOUT_PARAMETERS)
def test_methods_without_parameters_look_at_none(ipc, method):
    for params in (None, {}, {"x": 1}, [], "x", 7):
        assert code_of(ipc.answer(method, params)) is None


# Parameters of the reading methods

LIVENESS = [
    (None, "invalid_params"), ({}, "invalid_params"), ([], "invalid_params"), (7, "invalid_params"),
    ({"pid": None}, "invalid_params"), ({"pid": "1"}, "invalid_params"), ({"pid": 1.5}, "invalid_params"),
    ({"pid": True}, "invalid_params"), ({"pid": -1}, "invalid_params"), ({"pid": 2**32}, "invalid_params"),
    ({"pid": 1, "more": 1}, "invalid_params"), ({"pid": 0}, None), ({"pid": 2**32 - 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("params", "code"), LIVENESS, ids=[json.dumps(params) for params, _ in LIVENESS])
def test_parameters_of_get_process_liveness(ipc, params, code):
    answer = ipc.answer("get_process_liveness", params)
    assert code_of(answer) == code
    if code is None:
        assert answer["data"] == {"found": False, "pid": params["pid"]}


BROAD = [
    "/", "/home", "/var", "/tmp", "/opt", "/root", "/usr", "/etc", "/srv", "/mnt", "/media", "/run", "/proc", "/sys",
    "/dev", "/Users",
]  # fmt: skip
ROUTES = (
    [
        (None, "invalid_params"), ([], "invalid_params"), ("x", "invalid_params"), ({}, "missing_field"),
        ({"project_path": None}, "missing_field"), ({"project_path": 7}, "invalid_params"),
        ({"project_path": "/x/y", "more": 1}, "invalid_params"),
        ({"project_path": "/x/y", "workspace_id": 7}, "invalid_params"),
        ({"project_path": ""}, "invalid_project_path"), ({"project_path": " \t"}, "invalid_project_path"),
        ({"project_path": "a/b"}, "invalid_project_path"), ({"project_path": "./a"}, "invalid_project_path"),
        ({"project_path": "~/a"}, "invalid_project_path"), ({"project_path": "/etc/ssl"}, "invalid_project_path"),
        ({"project_path": "/x/../usr/"}, "invalid_project_path"), ({"project_path": "/x/y"}, None),
        ({"project_path": "  /x/y  "}, None), ({"project_path": "/x/y", "workspace_id": None}, None),
        ({"project_path": "/x/y", "workspace_id": "w"}, None), ({"project_path": "/x/y", "workspace_id": "  "}, None),
    ]
    + [({"project_path": path}, "invalid_project_path") for path in BROAD]
    + [({"project_path": f"{path}//"}, "invalid_project_path") for path in BROAD]
)  # fmt: skip


@pytest.mark.parametrize("method", ["get_routing_snapshot", "get_routing_diagnostics"])
@pytest.mark.parametrize(("params", "code"), ROUTES, ids=[json.dumps(params) for params, _ in ROUTES])
def test_parameters_of_routing(ipc, method, params, code):
    assert code_of(ipc.answer(method, params)) == code


def test_routing_looks_through_links_and_never_out_of_the_home(host):
    person = host.person
    (person / "link").symlink_to(host.repo)
    (person / "out").symlink_to("/usr/lib")
    (person / "homeward").symlink_to(person)
    found = host.ipc.ask("get_routing_snapshot", {"project_path": f"{person}/link/src/.."})
    assert found["project_path"] == str(host.repo)
    beside = str(person) + "-beside/x"
    for path, code in [
        (f"{person}/out", "invalid_project_path"),
        (f"{person}/homeward", "invalid_project_path"),
        (str(person), "invalid_project_path"),
        (f"{person}/", "invalid_project_path"),
        # What does not exist is nobody's secret.
        (beside, None),
    ]:
        assert code_of(host.ipc.answer("get_routing_snapshot", {"project_path": path})) == code, path
    os.mkdir(os.path.dirname(beside))
    # Inside is a matter of names between slashes, and not of how a path begins.
    assert code_of(host.ipc.answer("get_routing_snapshot", {"project_path": os.path.dirname(beside)})) == (
        "invalid_project_path"
    )
    os.rmdir(os.path.dirname(beside))


def test_what_get_activity_takes_and_gives(host):
    for number in range(5):
        session = f"a{number % 2}"
        host.ipc.event("post_tool_use", number, session_id=session, cwd=str(host.repo), file_path=f"f{number}")

    def files(params) -> list[str]:
        return [os.path.basename(row["file_path"]) for row in host.ipc.ask("get_activity", params)]

    everything = ["f4", "f3", "f2", "f1", "f0"]
    for params in (None, {}, {"limit": -1}, {"limit": 2.5}, {"limit": "2"}, {"limit": 5000}, {"session_id": " "},
                   {"session_id": 7}, {"more": 1}, {"limit": None}):  # fmt: skip
        assert files(params) == everything, params
    assert files({"limit": 2}) == ["f4", "f3"]
    assert files({"limit": 0}) == []
    assert files({"session_id": "a1"}) == ["f3", "f1"]
    assert files({"session_id": "nobody"}) == []
    for params in ([], "x", 7, True):
        assert code_of(host.ipc.answer("get_activity", params)) == "invalid_params"


# Events (§3)


def event(event_type: str, **fields) -> dict:
    """One that is accepted, with what its type needs; None takes a field out."""
    full = new_event(event_type, session_id=f"e-{event_type}", cwd="/x", pid=os.getpid())
    if event_type == "notification":
        full["notification_type"] = "other"
    if event_type == "stop":
        full["stop_hook_active"] = False
    if event_type == "shell_cwd":
        full["tty"] = "/dev/pts/0"
    return {key: value for key, value in (full | fields).items() if value is not None}


def refused(ipc: IPC, params: dict) -> str | None:
    answer = ipc.answer("event", params)
    if answer["ok"]:
        assert answer["data"]["accepted"] is True
    return code_of(answer)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_accepted_with_what_it_needs(ipc, kind):
    assert refused(ipc, event(kind)) is None


def needs(kind: str) -> dict[str, str]:
    """The required fields of a type, in their order, each with the code of its absence."""
    if kind == "shell_cwd":
        return {"pid": "invalid_pid", "cwd": "missing_field", "tty": "missing_field"}
    fields = {"session_id": "missing_field"}
    if kind != "session_end":
        fields["cwd"] = "missing_field"
    if kind == "notification":
        fields["notification_type"] = "missing_field"
    if kind == "stop":
        fields["stop_hook_active"] = "missing_field"
    return fields


@pytest.mark.parametrize("kind", TYPES)
def test_what_a_type_needs_and_may_lack(ipc, kind):
    required = needs(kind)
    for name in ("session_id", "cwd", "pid", "tty", "notification_type", "stop_hook_active"):
        absent = event(kind)
        absent.pop(name, None)
        assert refused(ipc, absent) == required.get(name), f"{name} absent"
        assert refused(ipc, event(kind) | {name: None}) == required.get(name), f"{name} null"
        if name in required and name not in ("pid", "stop_hook_active"):
            for blank in ("", "  ", "\t\n"):
                assert refused(ipc, event(kind) | {name: blank}) == "missing_field", f"{name} {blank!r}"
    assert refused(ipc, event(kind, pid=0)) == ("invalid_pid" if kind == "shell_cwd" else None)


def test_a_stop_takes_either_truth(ipc):
    assert refused(ipc, event("stop", stop_hook_active=True)) is None


@pytest.mark.parametrize("kind", ["session_start", "shell_cwd"])
def test_each_field_has_its_type(ipc, kind):
    texts = ["session_id", "cwd", "tool", "file_path", "parent_app", "tty", "tmux_session", "tmux_client_tty",
             "notification_type"]  # fmt: skip
    wrong = {name: [7, True, [], {}] for name in texts}
    wrong |= {"event_id": [7, [], {}], "recorded_at": [7, [], {}], "event_type": [7, [], {}]}
    wrong |= {"pid": ["1", 1.5, True, -1, 2**32, []], "stop_hook_active": ["true", 1, []]}
    for name, values in wrong.items():
        for value in values:
            assert refused(ipc, event(kind) | {name: value}) == "invalid_params", (name, value)
    for value in (7, "x", [], [{"a": [1]}], {"deep": {"er": None}}, True):
        assert refused(ipc, event(kind, metadata=value)) is None, value


@pytest.mark.parametrize("name", ["event_id", "recorded_at", "event_type"])
def test_what_every_event_needs(ipc, name):
    absent = event("session_start")
    del absent[name]
    assert refused(ipc, absent) == "invalid_params"
    assert refused(ipc, event("session_start") | {name: None}) == "invalid_params"


def test_event_types_are_the_contracts(ipc):
    for name in ("Session_Start", "SessionStart", "", "stop ", "stop_failure"):
        assert refused(ipc, event("session_start") | {"event_type": name}) == "invalid_params", name


def test_unknown_keys_are_refused(ipc):
    assert refused(ipc, event("session_start") | {"more": None}) == "invalid_params"
    for params in (None, [], "x", 7):
        assert code_of(ipc.answer("event", params)) == "invalid_params"


def test_ids_have_up_to_128_characters_of_any_kind(ipc):
    for number, letter in enumerate(["a", "é", "漢", "👍"]):
        unique = f"{number}{os.getpid()}-"
        for length, code in [(128, None), (129, "invalid_event_id")]:
            told = event("session_start", event_id=unique + letter * (length - len(unique)))
            assert refused(ipc, told) == code
    for blank in ("", " ", "\t"):
        assert refused(ipc, event("session_start", event_id=blank)) == "invalid_event_id"


TIMES = {
    "2026-01-30T12:00:00Z": "2026-01-30T12:00:00Z",
    "2026-01-30T07:00:00-05:00": "2026-01-30T12:00:00Z",
    "2026-01-30T17:30:00+05:30": "2026-01-30T12:00:00Z",
    "2026-01-30t12:00:00z": "2026-01-30T12:00:00Z",
    "2026-01-30 12:00:00Z": "2026-01-30T12:00:00Z",
    "2026-01-30T12:00:00.9Z": "2026-01-30T12:00:00Z",
    "2026-01-30T12:00:00.123456789012345678901234567890Z": "2026-01-30T12:00:00Z",
    "2026-01-30T12:00:00.999+00:00": "2026-01-30T12:00:00Z",
    "2026-01-30T23:30:00-01:00": "2026-01-31T00:30:00Z",
    "2024-02-29T00:00:00Z": "2024-02-29T00:00:00Z",
}
NO_TIMES = [
    "", "yesterday", "2026-01-30", "2026-01-30T12:00:00", "2026-01-30T12:00Z", "2026-13-30T12:00:00Z",
    "2026-02-30T12:00:00Z", "2026-01-30T25:00:00Z", "2026-01-30T12:60:00Z", "2026-01-30T12:00:00.Z",
    "2026-01-30T12:00:00+0500", "2026-01-30  12:00:00Z", " 2026-01-30T12:00:00Z", "2026-01-30T12:00:00Zx",
    "20260130T120000Z", "1769774400", "2026-01-30T12:00:00+25:00",
]  # fmt: skip


@pytest.mark.parametrize("text", TIMES)
def test_times_in_every_form_are_kept_in_one(host, text):
    told = event("session_start", session_id=f"at {text}", recorded_at=text)
    assert refused(host.ipc, told) is None
    kept = host.row("SELECT recorded_at, payload FROM events WHERE id = ?", told["event_id"])
    assert kept[0] == TIMES[text]
    assert json.loads(kept[1]) == told | {"recorded_at": TIMES[text]}


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused(ipc, text):
    assert refused(ipc, event("session_start", recorded_at=text)) == "invalid_timestamp"


def test_checks_come_in_their_order(ipc):
    """Shape, time, id, and then what the type needs, from left to right."""
    worst = {"event_id": "", "recorded_at": "x", "event_type": "shell_cwd", "pid": 0, "cwd": "", "tty": ""}
    steps = [
        ("more", "invalid_params", None), ("recorded_at", "invalid_timestamp", "2026-01-30T12:00:00Z"),
        ("event_id", "invalid_event_id", f"order-{os.getpid()}"), ("pid", "invalid_pid", os.getpid()),
        ("cwd", "missing_field", "/x"), ("tty", "missing_field", "/dev/pts/0"),
    ]  # fmt: skip
    told = worst | {"more": 1}
    for name, code, good in steps:
        assert refused(ipc, told) == code, name
        if good is None:
            del told[name]
        else:
            told[name] = good
    assert refused(ipc, told) is None


def test_texts_are_kept_as_they_were_sent(host):
    told = event("notification", cwd="  /x  ", notification_type=" other ", session_id=" s ", tool="\u0000\u2028é")
    assert refused(host.ipc, told) is None
    kept = json.loads(host.row("SELECT payload FROM events WHERE id = ?", told["event_id"])[0])
    assert {name: kept[name] for name in ("cwd", "notification_type", "session_id", "tool")} == {
        name: told[name] for name in ("cwd", "notification_type", "session_id", "tool")
    }


def test_an_accepted_event_is_accepted_whatever_comes_of_it(host):
    """Stale, of a session that has ended, or of no effect: stored all the same, and answered alike."""
    new = [
        event("session_start", session_id="fate"),
        event("user_prompt_submit", session_id="fate", recorded_at="2020-01-01T00:00:00Z"),
        event("session_end", session_id="fate"),
        event("user_prompt_submit", session_id="fate"),
        event("teammate_idle", session_id="fate"),
    ]
    for told in new:
        assert host.ipc.ask("event", told) == {"accepted": True}
        assert host.ipc.ask("event", told) == {"accepted": True, "duplicate": True}
        # Whatever else it says: its id decides.
        assert host.ipc.ask("event", told | {"session_id": "other"}) == {"accepted": True, "duplicate": True}
    assert "fate" not in host.ipc.sessions() and "other" not in host.ipc.sessions()
    ids = [told["event_id"] for told in new]
    marks = ", ".join("?" * len(ids))
    assert host.row(f"SELECT count(*) FROM events WHERE id IN ({marks})", *ids) == (len(ids),)


# Anything at all


def test_whatever_is_sent_the_answer_is_one_of_the_contracts(ipc):
    """Requests with something wrong in a random place: an answer each, in its shape, with a code of the list."""
    chance = random.Random(7)
    good = [
        json.dumps({"protocol_version": 1, "id": "r", "method": "event", "params": event(kind)}).encode()
        for kind in TYPES
    ] + [line(method=method)[:-1] for method in [*WITHOUT_PARAMETERS, "get_activity", "get_process_liveness"]]
    seen = set()
    for request, _ in itertools.product(good, range(25)):
        text = bytearray(request)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(text))
            match chance.randrange(4):
                case 0:
                    text[place] = chance.randrange(256)
                case 1:
                    del text[place : place + chance.randrange(1, 9)]
                case 2:
                    text[place:place] = chance.choice(
                        [b'"', b"{", b"}", b"null", b",", b"\\", b"\xff", b"1e999", b"\0"]
                    )
                case 3:
                    text[place:place] = text[chance.randrange(len(text)) :][:12]
            text = text or bytearray(b" ")
        seen.add(code_of(ipc.exchange(bytes(text).replace(b"\n", b" ") + b"\n")))
    assert {None, "invalid_json", "invalid_params", "unknown_method"} <= seen
    assert ipc.ask("get_health")["status"] == "ok"
