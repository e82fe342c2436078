"""Asking the broker to run something."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable

LINE_BYTES = 1 << 22  # one answer: 64 KiB of output, each byte up to twelve characters of JSON


async def ask(
    path: Path, verb: str, args: Mapping[str, object]
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the broker's answers: `{"out"}`, `{"err"}`, last `{"exit", "reason", "what"}`.

    Close the iterator (contextlib.aclosing) to cancel the job.  Raises Unreachable when there is no
    broker, or when it goes away before the last answer.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES)
    except OSError as error:
        raise Unreachable(
            f"The supervisor does not answer on {path} ({error.strerror}): start it with nixie run."
        ) from error
    try:
        writer.write(json.dumps({"verb": verb, "args": dict(args)}).encode() + b"\n")
        with suppress(ConnectionError):
            while line := await reader.readline():
                answer = json.loads(line)
                yield answer
                if "exit" in answer:
                    return
        raise Unreachable(f"The supervisor went away while it ran {verb}: try again.")
    finally:
        writer.close()
