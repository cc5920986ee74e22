"""Fetches the wheels a lock file names and takes the listed files out of them, checking every hash.

The lock has one fact a line:

    wheel <requirement> <sha256 of the wheel>
    file <sha256> <path in the wheel> <path under the target folder>

A `file` belongs to the `wheel` above it. `#` starts a comment.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


class LockError(Exception):
    """What is wrong, in a sentence a person can act on."""


@dataclass
class File:
    sha256: str
    source: str
    target: PurePosixPath


@dataclass
class Wheel:
    requirement: str
    sha256: str
    files: list[File] = field(default_factory=list)


def parse(text: str) -> list[Wheel]:
    wheels: list[Wheel] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        match words:
            case []:
                continue
            case ["wheel", requirement, sha256] if "==" in requirement and is_sha256(sha256):
                wheels.append(Wheel(requirement, sha256))
            case ["file", sha256, source, target] if wheels and is_sha256(sha256) and is_inside(target):
                wheels[-1].files.append(File(sha256, source, PurePosixPath(target)))
            case _:
                raise LockError(f"line {number} is neither a wheel nor a file of one: {line.strip()}")
    return wheels


def is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def is_inside(target: str) -> bool:
    """Whether a target stays under its folder."""
    path = PurePosixPath(target)
    return not path.is_absolute() and ".." not in path.parts


def download(wheel: Wheel, cache: Path) -> Path:
    """Returns the wheel's file, from the cache when it is there and intact."""
    folder = cache / wheel.sha256
    for candidate in folder.glob("*.whl"):
        if hashlib.sha256(candidate.read_bytes()).hexdigest() == wheel.sha256:
            return candidate
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
        requirements.flush()
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--require-hashes",
            "--dest", str(folder), "--requirement", requirements.name,
        ]  # fmt: skip
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
            raise LockError(f"{wheel.requirement} could not be downloaded (is there a network?)")
    (found,) = folder.glob("*.whl")
    return found


def extract(wheel: Wheel, archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as contents:
        for file in wheel.files:
            try:
                data = contents.read(file.source)
            except KeyError:
                raise LockError(f"{wheel.requirement} has no file {file.source}") from None
            if hashlib.sha256(data).hexdigest() != file.sha256:
                raise LockError(f"{file.source} of {wheel.requirement} is not the file that was pinned")
            target = folder / file.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def main(lock: Path, target: Path, cache: Path) -> None:
    # The folder is made beside the old one and takes its place when complete, so nobody meets half of it.
    fresh = cache / "unpacked"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for wheel in parse(lock.read_text()):
        extract(wheel, download(wheel, cache), fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:4]))
    except LockError as error:
        sys.exit(f"error: {error}")
