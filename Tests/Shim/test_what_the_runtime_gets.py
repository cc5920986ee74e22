"""Arguments, environment, folder, descriptors and signals of a runtime are the daemon's and nothing else."""

import os
import signal
from pathlib import Path

import pytest

from harness import processes
from harness.runtime_daemon import ACK, launch_answer
from harness.waiting import eventually

SLEEP = ["/bin/sleep", "1000"]
# More than one byte in UTF-8, characters that JSON escapes, and what environments do not usually hold.
ODD = 'é \U0001f600 "\\/ \t\r\n\x01\x7f \x80 \ufffd =a=b $HOME `'


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ([], []),
        ([("PATH", "/bin"), ("A", "")], ["PATH=/bin", "A="]),
        ([("Z", "1"), ("A", "2"), ("M", "3")], ["Z=1", "A=2", "M=3"]),
        # The last value, at the place of the first.
        ([("A", "1"), ("B", "2"), ("A", "3"), ("A", "4"), ("C", "5")], ["A=4", "B=2", "C=5"]),
        ([("A", "1"), ("AB", "2"), ("", "3"), ("A=B", "4"), ("A", "B=5")], ["A=B=5", "AB=2", "=3", "A=B=4"]),
        ([("ODD", ODD)], [f"ODD={ODD}"]),
        ([(f"é{ODD}".replace("=", ""), "x")], [f"é{ODD}".replace("=", "") + "=x"]),
        ([("BIG", "x" * 100_000)], ["BIG=" + "x" * 100_000]),
        ([(f"V{number}", str(number)) for number in range(5000)], [f"V{number}={number}" for number in range(5000)]),
    ],
    ids=["empty", "two", "order", "duplicates", "alike", "odd", "odd names", "big", "many"],
)
def test_the_environment_is_exact(stage, env, expected):
    shim = stage.start(SLEEP, env)
    assert Path(f"/proc/{shim.runtime}/environ").read_bytes() == b"".join(v.encode() + b"\0" for v in expected)


def test_the_arguments_are_exact(stage):
    argv = ["/bin/bash", "-c", "read line <> <(:)", "", ODD, "--", "*", "x" * 100_000]
    shim = stage.start(argv)
    assert Path(f"/proc/{shim.runtime}/cmdline").read_bytes() == b"".join(word.encode() + b"\0" for word in argv)


def test_a_program_is_looked_up_in_the_path_of_its_own_environment(stage):
    folder = stage.folder / "bin"
    folder.mkdir()
    (folder / "agent").symlink_to("/bin/sleep")
    # The first is no folder, the second has a file of that name that is not executable.
    (stage.folder / "no").mkdir()
    (stage.folder / "no/agent").touch()
    path = f"/nowhere:{stage.folder}/no:{folder}"
    shim = stage.start(["agent", "1000"], {"PATH": path}, environment={**stage.environment, "PATH": "/usr/bin"})
    assert Path(f"/proc/{shim.runtime}/cmdline").read_bytes() == b"agent\x001000\0"
    assert os.readlink(f"/proc/{shim.runtime}/exe") == os.path.realpath("/bin/sleep")


def test_the_folder(stage):
    folder = stage.folder / "földer with spaces"
    folder.mkdir()
    shim = stage.start(SLEEP, cwd=str(folder))
    assert os.readlink(f"/proc/{shim.runtime}/cwd") == str(folder)
    assert os.readlink(f"/proc/{shim.pid}/cwd") == os.getcwd()


def holds(pid: int, *targets: str) -> None:
    """Until these are its descriptors: while it starts, its loader opens libraries. What it inherited would stay."""

    def exactly():
        names = sorted(os.listdir(f"/proc/{pid}/fd"))
        assert names == ["0", "1", "2"]
        assert tuple(os.readlink(f"/proc/{pid}/fd/{name}") for name in names) == targets
        return True

    eventually(exactly, "its descriptors are those three", within=5)


def test_descriptors_are_those_three(stage):
    read, write = os.pipe()
    shim = stage.start(SLEEP, pass_fds=[read, write])
    os.close(read)
    os.close(write)
    holds(shim.runtime, "/dev/null", str(shim.folder / "stdout"), str(shim.folder / "stderr"))


def test_descriptors_that_are_closed(stage):
    shim = stage.start(SLEEP, preexec_fn=lambda: os.closerange(0, 3))
    holds(shim.runtime, "/dev/null", "/dev/null", "/dev/null")


def test_what_it_writes_goes_where_the_daemon_said(stage):
    shim = stage.script("cat; echo out; echo err >&2")
    stage.expect_exit(code=0)
    assert (shim.output(), shim.said()) == (b"out\n", "err\n")


def test_signals_are_as_in_a_new_process(stage):
    def unusual():
        for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1, signal.SIGTTOU):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2})

    shim = stage.start(SLEEP, preexec_fn=unusual)
    status = processes.status(shim.runtime)
    for set in ("SigPnd", "SigBlk", "SigIgn", "SigCgt"):
        assert int(status[set], 16) == 0, (set, status[set])
    # And a parent that ignored SIGCHLD does not cost us the exit status.
    os.kill(shim.runtime, signal.SIGUSR2)
    stage.expect_exit(signal=signal.SIGUSR2)


def test_without_a_terminal_it_has_a_session_of_its_own(stage):
    shim = stage.start(SLEEP)
    assert os.getsid(shim.pid) == os.getpgid(shim.pid) == shim.pid
    assert os.getsid(shim.runtime) == shim.pid


def test_one_whom_the_daemon_gave_a_session_keeps_it(stage):
    shim = stage.start(SLEEP, start_new_session=True)
    assert os.getsid(shim.pid) == os.getsid(shim.runtime) == shim.pid


def test_secrets_do_not_stay_in_the_shim(stage):
    # Built here, so that this program is not asked whether it knows its own word.
    secret = "hush-" + "0123456789abcdef" * 8
    shim = stage.start(SLEEP, {"API_KEY": secret})
    assert secret.encode() in Path(f"/proc/{shim.runtime}/environ").read_bytes()
    assert eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "the shim waits")
    for name in ("environ", "cmdline"):
        assert b"hush-" not in Path(f"/proc/{shim.pid}/{name}").read_bytes()
    assert b"hush-" not in memory(shim.pid)


def memory(pid: int) -> bytes:
    """All that a process may write to."""
    pages = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights = line.split()[:2]
            if "w" not in rights:
                continue
            start, end = (int(bound, 16) for bound in where.split("-"))
            file.seek(start)
            pages.append(file.read(end - start))
    text = b"".join(pages)
    assert b"__shim" in text, "the memory was read"
    return text


# What cannot be started


def refused(stage, answer, code: int) -> str:
    shim = stage.shim()
    stage.daemon.expect("shim_launch", answer)
    stage.expect_exit(code=code)
    assert shim.wait() == 0
    assert shim.said().startswith("drover-shim: ")
    assert shim.said().count("\n") == 1
    return shim.said()


def test_a_program_that_is_not_there(stage):
    assert "/no/such/program cannot be started: No such file" in refused(
        stage, launch_answer(["/no/such/program"]), 127
    )
    refused(stage, launch_answer(["nothing"], {"PATH": "/bin:/usr/bin"}), 127)
    refused(stage, launch_answer(["nothing"]), 127)


def test_a_program_that_cannot_be_run(stage):
    plain = stage.folder / "plain"
    plain.write_text("text")
    refused(stage, launch_answer([str(plain)]), 126)
    plain.chmod(0o755)
    assert "Exec format error" in refused(stage, launch_answer([str(plain)]), 126)
    refused(stage, launch_answer([str(stage.folder)]), 126)
    refused(stage, launch_answer(["/bin/true", "x" * 1_000_000]), 126)


def test_a_folder_that_cannot_be_entered(stage):
    assert "the folder /no/such/folder cannot be entered" in refused(
        stage, launch_answer(["/bin/true"], cwd="/no/such/folder"), 126
    )
    refused(stage, launch_answer(["/bin/true"], cwd="/etc/passwd"), 126)
    refused(stage, launch_answer(["/bin/true"], cwd=""), 126)


@pytest.mark.parametrize(
    "launch",
    [
        {},
        {"argv": [], "env": [], "cwd": "/"},
        {"argv": "/bin/true", "env": [], "cwd": "/"},
        {"argv": ["/bin/true", 1], "env": [], "cwd": "/"},
        {"argv": ["/bin/true"], "cwd": "/"},
        {"argv": ["/bin/true"], "env": {}, "cwd": "/"},
        {"argv": ["/bin/true"], "env": [], "cwd": None},
        {"argv": ["/bin/true"], "env": [{"key": "A"}], "cwd": "/"},
        {"argv": ["/bin/true"], "env": [{"key": "A", "value": None}], "cwd": "/"},
        {"argv": ["/bin/true"], "env": ["A=1"], "cwd": "/"},
        {"argv": ["/bin/true\0x"], "env": [], "cwd": "/"},
        {"argv": ["/bin/true", "\0"], "env": [], "cwd": "/"},
        {"argv": ["/bin/true"], "env": [{"key": "A\0", "value": "1"}], "cwd": "/"},
        {"argv": ["/bin/true"], "env": [{"key": "A", "value": "\0"}], "cwd": "/"},
        {"argv": ["/bin/true"], "env": [], "cwd": "/\0"},
    ],
)
def test_a_launch_that_makes_no_sense(stage, launch):
    refused(stage, {"type": "shim_launch", "payload": {"launch": launch}}, 126)


def test_a_reported_start_failure_is_reported_until_it_is_heard(hurried_stage):
    shim = hurried_stage.shim()
    hurried_stage.daemon.expect("shim_launch", launch_answer(["/no/such/program"]))
    hurried_stage.daemon.next().close()
    hurried_stage.expect_exit(code=127)
    assert shim.wait() == 0


def test_it_acknowledges_nothing_it_was_not_asked(stage):
    """An `ack` is no launch: it is asked again."""
    stage.shim()
    stage.daemon.expect("shim_launch", ACK)
    stage.daemon.expect("shim_launch", launch_answer(["/bin/true"]))
    stage.daemon.expect("shim_ready", ACK)
    stage.expect_exit(code=0)
