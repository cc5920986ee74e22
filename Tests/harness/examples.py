"""The small servers of the Socket.IO library, which the protocol tests talk to."""

import tempfile
from pathlib import Path

from harness.program import Program, built, clean_environment


class Example:
    """One of the examples, started with options of its own on a port of its own."""

    def __init__(self, product: str, variable: str, *options: str):
        self.folder = tempfile.TemporaryDirectory(prefix=f"{product}-")
        command = [str(built(product, variable)), "--port", "0", *options]
        self.program = Program(command, clean_environment(), Path(self.folder.name) / "log")
        self.port: int = self.program.wait_until_ready()["port"]

    def close(self) -> None:
        self.program.close()
        self.folder.cleanup()


class Echo(Example):
    """Echoes over bare Engine.IO with `--engine`, else over Socket.IO in the namespaces `/` and `/custom`."""

    def __init__(self, *options: str):
        super().__init__("protocol-echo", "PROTOCOL_ECHO_BIN", *options)


class RoomServer(Example):
    """Has rooms to join and a way to publish to them."""

    def __init__(self, *options: str):
        super().__init__("room-server", "ROOM_SERVER_BIN", *options)
