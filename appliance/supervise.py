"""The inner ring: the services inside one role, each restarted alone.

A service that fails becomes an event and a pause of 1, 2, 4 … 60 s.  When what is wanted changes,
only the services whose slice changed are stopped and started.  The outer ring, around whole
processes, is services/supervisor or systemd.
"""

import asyncio
import traceback
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from appliance.backoff import counted, pause_seconds
from appliance.errors import NixieError
from appliance.events import Event, ServiceFailed


@dataclass(frozen=True, slots=True)
class Service:
    """One thing that runs until cancelled; two with equal name and slice are the same one."""

    name: str
    slice: object
    serve: Callable[[], Awaitable[None]] = field(compare=False)


async def supervise(
    wanted: AsyncIterable[Sequence[Service]],
    tell: Callable[[Event], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Keep the services of the latest `wanted` running, until cancelled.

    Names are unique within one list.  When `wanted` ends, its last list stays.
    """
    running: dict[str, tuple[Service, asyncio.Task[None]]] = {}
    async with asyncio.TaskGroup() as group:
        async for services in wanted:
            await _stop(running, keep=services)
            for service in services:
                if service.name not in running:
                    task = group.create_task(_kept(service, tell, sleep), name=service.name)
                    running[service.name] = service, task


async def once(*services: Service) -> AsyncIterator[Sequence[Service]]:
    """A list that never changes."""
    yield services


async def _stop(
    running: dict[str, tuple[Service, asyncio.Task[None]]], keep: Sequence[Service]
) -> None:
    """End what is no longer wanted as it is, all at once, and wait: its sockets must be free."""
    gone = {name: task for name, (service, task) in running.items() if service not in keep}
    for task in gone.values():
        task.cancel()
    if gone:
        await asyncio.wait(gone.values())
    for name in gone:
        del running[name]


async def _kept(
    service: Service,
    tell: Callable[[Event], None],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    failures = 0
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await service.serve()
            why = "It ended by itself."
        except NixieError as error:
            why = str(error)
        except Exception as error:  # a bug in one service is no reason to stop the others
            traceback.print_exception(error)
            why = f"{type(error).__name__}: {error}"
        failures = counted(failures, clock() - began)
        pause = pause_seconds(failures)
        tell(ServiceFailed(service.name, why, pause))
        await sleep(pause)
