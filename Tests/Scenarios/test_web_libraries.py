"""The lock file of the browser libraries: what is not exactly what was pinned is not used."""

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path

import pytest

from harness.program import REPOSITORY

HASH = "0" * 64


@pytest.fixture(scope="module")
def fetcher():
    specification = importlib.util.spec_from_file_location("web_libraries", REPOSITORY / "scripts/web_libraries.py")
    module = importlib.util.module_from_spec(specification)
    # Data classes look their module up there.
    sys.modules["web_libraries"] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def wheel(fetcher, tmp_path: Path):
    """A wheel in the cache with one file in it, and the lock that names it."""
    packed = tmp_path / "library-1.0-py3-none-any.whl"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("static/library.js", "export default 1\n")
    sha256 = hashlib.sha256(packed.read_bytes()).hexdigest()
    folder = tmp_path / "cache" / sha256
    folder.mkdir(parents=True)
    packed.rename(folder / packed.name)
    file_sha256 = hashlib.sha256(b"export default 1\n").hexdigest()
    lock = tmp_path / "vendor.lock"
    lock.write_text(f"# a comment\nwheel library==1.0 {sha256}\nfile {file_sha256} static/library.js js/library.js\n")
    return lock


def test_the_files_of_the_lock_are_taken_out_of_the_wheel(fetcher, wheel, tmp_path):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("what an earlier lock named")
    fetcher.main(wheel, target, tmp_path / "cache")
    assert [path.relative_to(target).as_posix() for path in target.rglob("*.js")] == ["js/library.js"]
    assert (target / "js/library.js").read_text() == "export default 1\n"


def test_a_file_that_is_not_the_pinned_one_is_refused_and_the_old_ones_stay(fetcher, wheel, tmp_path):
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "old.js").write_text("still in use")
    lines = wheel.read_text().splitlines()
    wheel.write_text("\n".join([*lines[:-1], f"file {HASH} static/library.js js/library.js"]))
    with pytest.raises(fetcher.LockError, match="not the file that was pinned"):
        fetcher.main(wheel, target, tmp_path / "cache")
    assert (target / "old.js").exists()


@pytest.mark.parametrize(
    "text",
    [
        f"file {HASH} a b",
        "wheel library==1.0",
        f"wheel library {HASH}",
        "wheel library==1.0 abc",
        f"wheel library==1.0 {HASH}\nfile {HASH} a ../b",
        f"wheel library==1.0 {HASH}\nfile {HASH} a /b",
        f"wheel library==1.0 {HASH}\nfile {HASH} a",
        "something else",
    ],
)
def test_a_line_that_is_neither_is_refused(fetcher, text):
    with pytest.raises(fetcher.LockError, match="line"):
        fetcher.parse(text)
