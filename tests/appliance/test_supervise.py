import asyncio
from collections.abc import AsyncIterator, Sequence

from appliance.errors import Unreachable
from appliance.events import Event, ServiceFailed
from appliance.supervise import Service, once, supervise


class Ground:
    """Services that write down what they do, and a clock that does not wait."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.told: list[Event] = []
        self.pauses: list[float] = []

    def service(self, name: str, slice: object = None) -> Service:
        async def serve() -> None:
            self.log.append(f"+{name} {slice}")
            try:
                await asyncio.Event().wait()
            finally:
                self.log.append(f"-{name} {slice}")

        return Service(name, slice, serve)

    def failing(self, name: str, error: Exception | None) -> Service:
        async def serve() -> None:
            if error is not None:
                raise error

        return Service(name, None, serve)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await (asyncio.sleep(0) if len(self.pauses) < 8 else asyncio.Event().wait())

    def run(self, *lists: Sequence[Service]) -> None:
        async def wanted() -> AsyncIterator[Sequence[Service]]:
            for services in lists:
                yield services
                for _ in range(50):
                    await asyncio.sleep(0)
            ring.cancel()

        async def both() -> None:
            nonlocal ring
            ring = asyncio.create_task(supervise(wanted(), self.told.append, self.sleep))
            await asyncio.wait([ring])

        ring: asyncio.Task[None]
        asyncio.run(both())


def test_only_a_service_whose_slice_changed_starts_again() -> None:
    ground = Ground()
    ground.run(
        [ground.service("lan", 1), ground.service("iot", 1)],
        [ground.service("lan", 2), ground.service("iot", 1)],
    )
    assert ground.log[:4] == ["+lan 1", "+iot 1", "-lan 1", "+lan 2"]


def test_a_service_no_longer_wanted_is_stopped() -> None:
    ground = Ground()
    ground.run([ground.service("lan"), ground.service("iot")], [ground.service("lan")])
    assert ground.log[:3] == ["+lan None", "+iot None", "-iot None"]


def test_a_failing_service_leaves_the_others_alone() -> None:
    ground = Ground()
    ground.run([ground.service("lan"), ground.failing("iot", Unreachable("No link."))])
    assert ground.log == ["+lan None", "-lan None"]
    assert ground.told[0] == ServiceFailed("iot", "No link.", 1)


def test_pauses_grow() -> None:
    ground = Ground()
    ground.run([ground.failing("iot", Unreachable("No link."))])
    assert ground.pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_bug_is_told_by_its_name() -> None:
    ground = Ground()
    ground.run([ground.failing("iot", KeyError("lan"))])
    assert ground.told[0] == ServiceFailed("iot", "KeyError: 'lan'", 1)


def test_a_service_that_returns_is_started_again() -> None:
    ground = Ground()
    ground.run([ground.failing("iot", None)])
    assert ground.told[0] == ServiceFailed("iot", "It ended by itself.", 1)


def test_a_list_that_never_changes_goes_on() -> None:
    ground = Ground()

    async def both() -> None:
        ring = asyncio.create_task(supervise(once(ground.service("a")), ground.told.append))
        while not ground.log:
            await asyncio.sleep(0)
        assert not ring.done()
        ring.cancel()
        await asyncio.wait([ring])

    asyncio.run(both())
    assert ground.log == ["+a None", "-a None"]
