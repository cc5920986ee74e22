"""A stage for each test: a daemon that the test plays, and the real shim."""

from collections.abc import Iterator

import pytest

from harness.runtime_daemon import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def hurried_stage() -> Iterator[Stage]:
    """One on which a second of the shim's waits lasts 20 milliseconds: 3 s until it gives up instead of 151."""
    stage = Stage(second=20)
    yield stage
    stage.close()
