"""MCP servers on standard input and output: by the official client, and by hand."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from typing import TypeVar

import mcp

from harness.waiting import PATIENCE

T = TypeVar("T")


def with_client(
    command: list[str], environment: dict[str, str], folder, work: Callable[[mcp.ClientSession], Awaitable[T]]
) -> T:
    """Starts the server, shakes hands, does the work and lets the server end."""
    server = mcp.StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=str(folder))

    async def talk() -> T:
        with open(folder / "mcp-log", "a") as log:
            async with (
                mcp.stdio_client(server, errlog=log) as (reader, writer),
                mcp.ClientSession(reader, writer, read_timeout_seconds=PATIENCE) as session,
            ):
                await session.initialize()
                return await work(session)

    return asyncio.run(talk())


def exchange(command: list[str], environment: dict[str, str], lines: list[object]) -> list[dict]:
    """Writes lines, closes the input, and returns the decoded lines that came back."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    ran = subprocess.run(
        command,
        env=environment,
        input="".join(text + "\n" for text in texts).encode(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran
    return [json.loads(line) for line in ran.stdout.splitlines()]


def request(method: str, params: dict | None = None, id: object = 1) -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": method} | ({} if params is None else {"params": params})


def call(name: str, arguments: dict | None = None, id: object = 1) -> dict:
    return request("tools/call", {"name": name, "arguments": arguments or {}}, id)
