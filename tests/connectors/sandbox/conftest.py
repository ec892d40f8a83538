"""A sandbox served over real HTTP: one to read for the whole session, a fresh one for what changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.sandbox.server import Sandbox
from tests.connectors.sandbox.apis import Apis, Time


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    """A new-born world, only read from."""
    with Sandbox(tmp_path_factory.mktemp("world"), clock=Time()) as sandbox, requests.Session() as session:
        yield Apis(sandbox, session)


@pytest.fixture
def time() -> Time:
    """Noon of a day in March."""
    return Time()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a world is kept; nothing is there yet."""
    return tmp_path / "sandbox"


@pytest.fixture
def apis(directory: Path, time: Time) -> Iterator[Apis]:
    """A new-born world that the test may change."""
    with Sandbox(directory, clock=time) as sandbox, requests.Session() as session:
        yield Apis(sandbox, session)
