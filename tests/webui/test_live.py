import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.events import BuildStepped, MachineHeld
from appliance.store import builds, journal
from appliance.store.open import now, writer
from appliance.store.recall.open import recall
from tests.webui.memory import remembering
from webui.live import BELLS, Bells, Listener


async def bursts(state: Path, act: Callable[[], object]) -> list[tuple[str, ...]]:
    """What is heard each time `act` changes the files; the first looks are left out."""
    bells = Bells(state)
    with bells.listening() as listener:
        heard = [await listener.heard()]
        for _ in range(4):
            act()
            heard.append(await listener.heard())
    assert heard[0] == BELLS
    return heard[-2:]


def make(state: Path) -> sqlite3.Connection:
    return writer(state / "build.db", builds.MIGRATIONS)


def test_an_event_rings_the_bell_of_its_class(tmp_path: Path) -> None:
    connection = make(tmp_path)
    held = MachineHeld("lan", "52:54:00:12:34:56", "1234")
    heard = asyncio.run(bursts(tmp_path, lambda: journal.append(connection, held, now())))
    connection.close()
    assert heard == [("machines", "events")] * 2


def test_a_change_without_an_event_rings_the_files_own_bell(tmp_path: Path) -> None:
    connection = make(tmp_path)
    change = "INSERT INTO source_state (source, state) VALUES (hex(randomblob(8)), 'looking')"
    heard = asyncio.run(bursts(tmp_path, lambda: connection.execute(change)))
    connection.close()
    assert heard == [("builds",)] * 2


def test_bells_that_ring_together_are_heard_together() -> None:
    async def heard() -> tuple[str, ...]:
        listener = Listener()
        await listener.heard()
        listener.ring(frozenset({"machines"}))
        listener.ring(frozenset({"builds"}))
        return await listener.heard()

    assert asyncio.run(heard()) == ("builds", "machines")


def test_nobody_is_followed_when_nobody_listens(tmp_path: Path) -> None:
    async def tasks_after() -> int:
        bells = Bells(tmp_path)
        with bells.listening() as listener:
            await listener.heard()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(tasks_after()) == 1


def test_every_event_rings_a_bell_that_is_sent() -> None:
    from appliance.events import KINDS

    assert {kind.bell for kind in KINDS.values()} <= set(BELLS)
    assert BuildStepped.bell == "builds"


def test_a_role_that_remembers_something_new_rings(tmp_path: Path) -> None:
    came: list[dict[str, Any]] = []

    async def heard() -> tuple[str, ...]:
        bells = Bells(tmp_path)
        with bells.listening() as listener:
            await listener.heard()
            await asyncio.sleep(0.2)
            await asyncio.to_thread(recall, tmp_path, "dns", {})  # it remembers being asked
            return await listener.heard()

    with remembering(tmp_path, "dns", came):
        assert asyncio.run(heard()) == ("questions",)
