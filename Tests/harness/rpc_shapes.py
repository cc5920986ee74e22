"""What an answer of the runtime RPC may look like: keys that must be there, kinds of values, closed enumerations."""

import re
from collections.abc import Callable

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}|\d{6}|\d{9}))?Z\Z")

CAPABILITIES = [
    "structured_protocol_errors",
    "headless_stdio_log_paths",
    "status_session_set_filter",
    "status_updated_since_filter",
    "typed_nudge_outcomes",
    "validate_target_preflight",
    "events_cursor",
    "events_long_poll",
    "tmux_pane_snapshot",
]
ERROR_CODES = {
    "runtime_unavailable",
    "session_not_found",
    "tmux_pane_dead",
    "headless_nudge_unsupported",
    "launch_failed",
    "invalid_target",
    "protocol_mismatch",
}
LOST = {"shim_died_before_report", "pid_not_alive", "pid_reuse_detected"}
UNAVAILABLE = {"tmux_target", "capture_disabled", "pane_unavailable", "pipe_in_use", "recorder_failed"}
CAPTURE_ERRORS = {
    "not_a_tmux_target",
    "pane_unavailable",
    "session_missing",
    "tmux_not_available",
    "capture_pane_failed",
}

# The successful answers of each request (§2.2).
ANSWERS = {
    "spawn": {"spawned"},
    "validate_target": {"validate_target"},
    "kill": {"ack"},
    "kill_by_pid": {"kill_by_pid"},
    "nudge": {"nudge"},
    "capture": {"capture"},
    "status": {"status"},
    "version": {"version"},
    "watchers": {"watchers"},
    "doctor": {"doctor"},
    "events": {"events", "cursor_expired"},
    "stop": {"stopping"},
    "mcp_bridge": {"mcp_bridge"},
    "shim_launch": {"shim_launch"},
    "shim_ready": {"ack"},
    "shim_exit": {"ack"},
}
# Answers whose data is wrapped once more (§2.3).
WRAPPERS = {
    "validate_target": "response",
    "kill_by_pid": "response",
    "nudge": "response",
    "capture": "response",
    "version": "version",
    "watchers": "watchers",
    "doctor": "doctor",
    "mcp_bridge": "response",
    "shim_launch": "launch",
}

Kind = Callable[[object], None]


def text(value) -> None:
    assert isinstance(value, str), f"{value!r} is no string"


def boolean(value) -> None:
    assert isinstance(value, bool), f"{value!r} is no boolean"


def number(low: int, high: int) -> Kind:
    def check_number(value) -> None:
        assert type(value) is int and low <= value <= high, f"{value!r} is no integer in {low}...{high}"

    return check_number


u32, u64, i32 = number(0, 2**32 - 1), number(0, 2**64 - 1), number(-(2**31), 2**31 - 1)


def matching(pattern: re.Pattern) -> Kind:
    def check_match(value) -> None:
        text(value)
        assert pattern.match(value), f"{value!r} is not of the form {pattern.pattern}"

    return check_match


uuid, time = matching(UUID), matching(TIME)


def one_of(values) -> Kind:
    def check_value(value) -> None:
        assert value in values, f"{value!r} is none of {sorted(values)}"

    return check_value


def null(value) -> None:
    assert value is None, f"{value!r} is not null"


def nullable(kind: Kind) -> Kind:
    return lambda value: None if value is None else kind(value)


def listed(kind: Kind, least: int = 0) -> Kind:
    def check_list(value) -> None:
        assert isinstance(value, list) and len(value) >= least, f"{value!r} is no list of {least} or more"
        for item in value:
            kind(item)

    return check_list


def record(**kinds: Kind) -> Kind:
    """An object with all these keys. Further keys are allowed, as clients ignore them (§2.1 rule 10)."""

    def check_record(value) -> None:
        assert isinstance(value, dict), f"{value!r} is no object"
        for key, kind in kinds.items():
            assert key in value, f"{key} is missing in {value!r}"
            try:
                kind(value[key])
            except AssertionError as error:
                raise AssertionError(f"{key}: {error}") from None

    return check_record


def tagged(tag: str, content: str | None, **cases: Kind | None) -> Kind:
    """An enumeration: the case is told by `tag`, its data is in `content`, or beside the tag."""

    def check_case(value) -> None:
        record(**{tag: one_of(cases)})(value)
        kind = cases[value[tag]]
        if kind is None:
            assert content is None or content not in value, f"{value!r} has data"
        elif content is None:
            kind(value)
        else:
            record(**{content: kind})(value)

    return check_case


EXIT = record(code=nullable(i32), signal=nullable(i32))


def state(value) -> None:
    if isinstance(value, str):
        return one_of({"forking", "running"})(value)
    assert isinstance(value, dict) and len(value) == 1, f"{value!r} is no state"
    ((name, data),) = value.items()
    {"exited": EXIT, "lost": one_of(LOST)}[name](data)


LOGS = tagged(
    "type",
    "payload",
    headless=record(stdout_path=text, stderr_path=text),
    tmux_pane_snapshot=None,
    unavailable=record(reason=one_of(UNAVAILABLE)),
)
LIFECYCLE = record(
    session_id=uuid,
    runtime=text,
    state=state,
    shim_pid=nullable(u32),
    runtime_pid=nullable(u32),
    start_time=nullable(time),
    tmux_pane=nullable(text),
    log_availability=LOGS,
)
EVENT = tagged(
    "type",
    "payload",
    running=record(session_id=uuid, runtime_pid=u32, start_time=time),
    terminated=record(
        session_id=uuid,
        exit_code=nullable(i32),
        signal=nullable(i32),
        evidence=one_of({"shim_exit", "process_exit"}),
    ),
    lost=record(session_id=uuid, evidence=one_of(LOST)),
)
VERSION = record(
    version=text, git_sha=text, protocol_version=one_of({"0.3"}), capabilities=listed(one_of(CAPABILITIES))
)
WATCHERS = record(process_exit_watchers=u64, shim_sockets=u64, event_waiters=u64)
DOCTOR = record(
    version=VERSION,
    socket_path=text,
    uptime_secs=u64,
    sqlite=record(applied=u64, total=u64, applied_descriptions=listed(text), pending_descriptions=listed(text)),
    lifecycles=record(forking=u64, running=u64, exited=u64, lost=u64),
    watchers=WATCHERS,
    launchers=listed(record(runtime=text, command=nullable(text), error=nullable(text)), least=2),
    tmux=record(available=boolean, version=nullable(text), error=nullable(text)),
    log_availability=listed(record(session_id=uuid, log_availability=LOGS)),
    last_probe_sweep=nullable(time),
    recent_lost=listed(record(session_id=uuid, evidence=one_of(LOST), occurred_at=time)),
)
VARIABLE = record(key=text, value=text)
NUDGE_REASON = record(reason=one_of({"headless_lifecycle", "tmux_pane_dead"}))

PAYLOADS: dict[str, Kind | None] = {
    "spawned": record(
        lifecycle=LIFECYCLE,
        event=EVENT,
        log_dir=nullable(text),
        stdout_path=nullable(text),
        stderr_path=nullable(text),
    ),
    "validate_target": record(
        response=record(
            valid=boolean,
            outcome=tagged(
                "kind",
                None,
                valid=record(),
                invalid_target=record(message=text),
                tmux_pane_dead=record(address=text),
                unsupported_target=record(target=text),
            ),
        )
    ),
    "status": record(lifecycles=listed(LIFECYCLE)),
    "kill_by_pid": record(response=record(pid=u32, signal=i32, killed_after_grace=boolean)),
    "nudge": record(
        response=record(
            delivered=boolean,
            outcome=tagged("kind", None, delivered=record(), unsupported=NUDGE_REASON, failed=NUDGE_REASON),
        )
    ),
    "capture": record(
        response=tagged(
            "status",
            "payload",
            captured=record(
                content=text,
                captured_at_ms=u64,
                scrollback_lines_requested=u32,
                scrollback_lines_included=u32,
                pane_history_lines=u32,
            ),
            failed=tagged(
                "type",
                "payload",
                **dict.fromkeys(CAPTURE_ERRORS - {"capture_pane_failed"}),
                capture_pane_failed=record(stderr=text),
            ),
        )
    ),
    "version": record(version=VERSION),
    "watchers": record(watchers=WATCHERS),
    "doctor": record(doctor=DOCTOR),
    "events": record(events=listed(EVENT), cursor=u64),
    "cursor_expired": record(oldest=u64),
    "mcp_bridge": record(response=record(line=nullable(text))),
    "shim_launch": record(launch=record(argv=listed(text, 1), env=listed(VARIABLE, 1), cwd=text)),
    "ack": None,
    "stopping": None,
    "error": record(code=one_of(ERROR_CODES), message=text),
}


def check(answer: object) -> None:
    """Asserts that a 0.3 client can decode the answer."""
    tagged("type", "payload", **PAYLOADS)(answer)
    payload = answer.get("payload")
    if answer["type"] in ("validate_target", "nudge"):
        response = payload["response"]
        told = response["valid" if answer["type"] == "validate_target" else "delivered"]
        assert told == (response["outcome"]["kind"] in ("valid", "delivered")), answer
    if answer["type"] == "error":
        assert payload["message"], "an error says what happened"


def check_fits(request: str, answer: dict) -> None:
    """Asserts that a request may be answered so."""
    assert answer["type"] in ANSWERS[request] | {"error"}, f"{request} was answered with {answer}"
