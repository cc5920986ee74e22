"""The command line `rtm`, as somebody calls it who knows nothing of Drover."""

import json
import subprocess


class RTM:
    """`drover` under its other name."""

    def __init__(self, host):
        self.host = host
        self.program = host.bin / "rtm"
        if not self.program.exists():
            self.program.symlink_to(host.binary)

    def run(self, *words: str, env: dict | None = None, **options) -> subprocess.CompletedProcess:
        environment = {**self.host.environment, **(env or {})}
        return subprocess.run(
            [str(self.program), *words],
            env={key: value for key, value in environment.items() if value is not None},
            cwd=options.pop("cwd", self.host.folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )

    def json(self, *words: str, **options) -> object:
        """The result of a command that succeeds, in the format that is the default."""
        ran = self.run(*words, **options)
        assert ran.returncode == 0, ran
        assert ran.stderr == b"", ran
        value = json.loads(ran.stdout)
        assert ran.stdout.decode() == json.dumps(value, indent=2, ensure_ascii=False) + "\n", (
            "two spaces, and a line feed"
        )
        return value

    def human(self, *words: str, **options) -> str:
        ran = self.run(*words, "--format", "human", **options)
        assert ran.returncode == 0, ran
        assert ran.stderr == b"", ran
        return ran.stdout.decode()

    def failure(self, *words: str, **options) -> str:
        """The message of a command that fails."""
        ran = self.run(*words, **options)
        assert (ran.returncode, ran.stdout) == (1, b""), ran
        told = json.loads(ran.stderr)
        assert told["code"] == "runtime_error"
        if "details" in told:
            assert all(isinstance(cause, str) for cause in told["details"]["causes"])
        return told["message"]
