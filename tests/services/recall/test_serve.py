"""A role's memory, asked over a real socket."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from appliance.store.recall.open import recall, recall_path
from services.recall.serve import listening, remember


def asked(state: Path, question: Callable[[], Coroutine[Any, Any, Any]], came: list[int]) -> Any:
    """What `question` brings while a role remembers; it answers with what it was asked."""

    def told(question: Mapping[str, Any]) -> list[Any]:
        return [dict(question)]

    async def whole() -> Any:
        path = recall_path(state, "dns")
        path.parent.mkdir()
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ear.bind(str(path))
        server = await listening(ear, told, lambda: came[0])
        try:
            return await question()
        finally:
            server.close()

    return asyncio.run(whole())


def test_a_question_is_answered(tmp_path: Path) -> None:
    def ask() -> Coroutine[Any, Any, Any]:
        return asyncio.to_thread(recall, tmp_path, "dns", {"most": 3})

    assert asked(tmp_path, ask, [0]) == [{"most": 3}]


def test_where_no_role_listens_nothing_is_known(tmp_path: Path) -> None:
    assert recall(tmp_path, "dns", {}) is None


def test_junk_ends_only_its_own_connection(tmp_path: Path) -> None:
    async def ask() -> tuple[bytes, Any]:
        reader, writer = await asyncio.open_unix_connection(recall_path(tmp_path, "dns"))
        writer.write(b"[}\n")
        junk = await reader.read()
        writer.close()
        return junk, await asyncio.to_thread(recall, tmp_path, "dns", {})

    assert asked(tmp_path, ask, [0]) == (b"", [{}])


def test_a_bell_rings_when_more_is_remembered(tmp_path: Path) -> None:
    came = [0]

    async def ask() -> bytes:
        reader, writer = await asyncio.open_unix_connection(recall_path(tmp_path, "dns"))
        writer.write(b'{"bells": true}\n')
        await asyncio.sleep(0.1)
        came[0] = 1
        rung = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return rung

    assert asked(tmp_path, ask, came) == b"\n"


class Remembers:
    """A memory of one thing."""

    came = 1

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        return [question["most"]]


def test_a_question_goes_to_the_memory_that_it_names(tmp_path: Path) -> None:
    async def whole() -> list[Any]:
        path = recall_path(tmp_path, "net")
        path.parent.mkdir()
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ear.bind(str(path))
        ear.listen()
        role = asyncio.create_task(remember(ear, {"drops": Remembers()}))
        asked = [{"of": "drops", "most": 3}, {"of": "what nobody remembers", "most": 3}]
        told = [await asyncio.to_thread(recall, tmp_path, "net", one) for one in asked]
        role.cancel()
        return told

    assert asyncio.run(whole()) == [[3], []]
