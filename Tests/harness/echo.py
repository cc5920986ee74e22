"""The echo server that the protocol tests talk to."""

import tempfile
from pathlib import Path

from harness.program import Program, built, clean_environment


class Echo:
    """Echoes over bare Engine.IO with `--engine`, else over Socket.IO in the namespaces `/` and `/custom`."""

    def __init__(self, *options: str):
        self.folder = tempfile.TemporaryDirectory(prefix="protocol-echo-")
        command = [str(built("protocol-echo", "PROTOCOL_ECHO_BIN")), "--port", "0", *options]
        self.program = Program(command, clean_environment(), Path(self.folder.name) / "log")
        self.port: int = self.program.wait_until_ready()["port"]

    def close(self) -> None:

        self.program.close()
        self.folder.cleanup()
