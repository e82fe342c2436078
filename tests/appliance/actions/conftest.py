"""A desk over real files, a clock that the test holds, and a build role's findings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.store import builds
from appliance.store.open import writer
from appliance.store.people import SCOPES

OWNER = Actor("owner", SCOPES["admin"], "session", "192.0.2.7")
HELPER = Actor("helper", SCOPES["write"], "session", "192.0.2.8")
VIEWER = Actor("viewer", SCOPES["read"], "session", "192.0.2.9")


class Clock:
    """Unix seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    opened = replace(open_desk(tmp_path, Passwords(memory_kib=64, rounds=1)), now=clock)
    yield opened
    opened.close()


Judge = Callable[..., str]


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    """Write a verdict as `build` would; returns the host's id."""
    connection = writer(tmp_path / "build.db", builds.MIGRATIONS)

    def judged(source: str, name: str, kind: str = "native", reason: str | None = None) -> str:
        connection.execute(
            "INSERT INTO verdict (host, source, revision, name, kind, reason, system, release,"
            " watched, specialisations, findings, recipe)"
            " VALUES (?, ?, 1, ?, ?, ?, 'x86_64-linux', '26.05', 1, ?, '[]', ?)",
            (f"{source}/{name}", source, name, kind, reason, '["small"]', "{}"),
        )
        return f"{source}/{name}"

    yield judged
    connection.close()
