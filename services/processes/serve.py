"""The broker's socket: who asks, may they, run it, stream what it says.

A caller that hangs up cancels its job; so does the end of the broker.
"""

import asyncio
import codecs
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from appliance.errors import Problem, Refused
from appliance.model.installed import Installed
from services.processes.broker import (
    LINE_BYTES,
    MAY,
    REFUSED_STATUS,
    last_line,
    permit,
    read,
    refusal,
    said_line,
)
from services.processes.driver import Said, run
from services.processes.ending import Ended
from services.processes.privileges import Ability, Deed, Identity, Job

AT_ONCE = 32
"""Jobs running at the same time; the build role's own queue keeps far below."""
PATIENCE_SECONDS = 10.0
"""How long a caller may take to say what it wants."""
CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid

Verb = Callable[[Mapping[str, object], Installed], Job | Deed]


@dataclass(frozen=True, slots=True)
class Broker:
    """Everything that decides what is run for whom.

    `verbs` are services/nix/request.py's; `callers` maps uid to role names; `users` the confined
    user names to identities; `hidden` are folders that no job sees.
    """

    installed: Installed
    verbs: Mapping[str, Verb]
    callers: Mapping[int, frozenset[str]]
    users: Mapping[str, Identity]
    ability: Ability
    hidden: tuple[str, ...] = ()
    may: Mapping[str, frozenset[str]] = field(default_factory=lambda: MAY)


async def serve(listening: socket.socket, broker: Broker) -> None:
    """Answer on `listening`, a unix stream socket, until cancelled."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await _talk(reader, writer, broker, crowded=len(talks) > AT_ONCE)
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_unix_server(talk, sock=listening, limit=LINE_BYTES)
    try:
        await server.serve_forever()
    finally:
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, broker: Broker, *, crowded: bool
) -> None:
    try:
        if crowded:
            raise _refused(f"{AT_ONCE} jobs are running already: ask again when one has ended.")
        job = await _wanted(reader, writer, broker)
        if isinstance(job, Deed):
            writer.write(last_line(_done(job)))
            await writer.drain()
            return
        identity = broker.users.get(job.user)
        if identity is None:
            raise _refused(f"There is no confined user {job.user!r}.")
    except Refused as why:
        writer.write(refusal(why))
        await writer.drain()
        return
    work = asyncio.create_task(_stream(job, identity, writer, broker))
    hung_up = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((work, hung_up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, hung_up):
            task.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await work


async def _wanted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, broker: Broker
) -> Job | Deed:
    """The job that the caller asks for.  Raises Refused, always with a sentence."""
    try:
        line = await asyncio.wait_for(reader.readuntil(b"\n"), PATIENCE_SECONDS)
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as error:
        raise _refused("The request did not end with a line.") from error
    except TimeoutError as error:
        raise _refused(f"No request came within {PATIENCE_SECONDS:g} s.") from error
    request = read(line)
    uid = _caller(writer)
    permit(request.verb, uid, broker.callers, frozenset(broker.verbs), broker.may)
    try:
        job = broker.verbs[request.verb](request.args, broker.installed)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(f"The arguments of {request.verb} are wrong: {error}.") from error
    if isinstance(job, Deed):
        return job
    return replace(job, hidden=(*job.hidden, *broker.hidden))


def _done(deed: Deed) -> Ended:
    try:
        deed.work()
    except OSError as error:
        return Ended(REFUSED_STATUS, "refused", f"It could not be done: {error.strerror or error}.")
    return Ended(0, "done", "It is done.")


async def _stream(
    job: Job, identity: Identity, writer: asyncio.StreamWriter, broker: Broker
) -> None:
    texts = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("out", "err")}
    try:
        async with aclosing(run(job, identity, broker.ability)) as words:
            async for word in words:
                if isinstance(word, Said):
                    writer.write(said_line(word.stream, texts[word.stream].decode(word.data)))
                else:
                    for stream, text in texts.items():
                        if rest := text.decode(b"", final=True):
                            writer.write(said_line(stream, rest))
                    writer.write(last_line(word))
                await writer.drain()
    except OSError as error:
        if not isinstance(error, ConnectionError):
            what = f"It could not be started: {error.strerror or error}."
            writer.write(last_line(Ended(126, "refused", what)))
            await writer.drain()


def _caller(writer: asyncio.StreamWriter) -> int:
    raw = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size
    )
    _, uid, _ = CREDENTIALS.unpack(raw)
    return int(uid)


def _refused(what: str) -> Refused:
    return Refused(Problem(("broker",), what))
