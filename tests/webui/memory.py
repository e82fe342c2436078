"""A role's memory beside the pages: the real socket, with what a test puts into it."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.store.recall.open import recall_path
from services.recall.serve import listening


@contextmanager
def remembering(state: Path, role: str, rows: list[Any]) -> Iterator[list[Any]]:
    """The role answers with `rows`; yields the questions it was asked."""
    path = recall_path(state, role)
    path.parent.mkdir(exist_ok=True)
    asked: list[Any] = []

    def told(question: Mapping[str, Any]) -> list[Any]:
        asked.append(dict(question))
        return rows

    loop = asyncio.new_event_loop()
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    ear.bind(str(path))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()  # the caller's thread may have a loop of its own, as with a browser
    begun = asyncio.run_coroutine_threadsafe(listening(ear, told, lambda: len(asked)), loop)
    server = begun.result(5)
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
        path.unlink()
