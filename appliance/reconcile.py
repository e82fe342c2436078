"""Make the kernel agree with the config, or put it back as it was."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from appliance.errors import NixieError, NotConverged

State = TypeVar("State")  # what is, and what should be, in one shape
Step = TypeVar("Step")  # one move between them
State_co = TypeVar("State_co", covariant=True)
Step_contra = TypeVar("Step_contra", contravariant=True)

LOOKS = 5
"""How often the result is read back before it counts as wrong: some of it settles by itself."""


class Driver(Protocol[State_co, Step_contra]):
    """The only door to one part of the running system."""

    async def observe(self) -> State_co:
        """Read the present state of what we own.  Raises Unreachable."""
        ...

    async def perform(self, step: Step_contra) -> None:
        """Carry out one step.  Raises Unreachable."""
        ...


async def reconcile(
    wanted: State,
    plan: Callable[[State, State], Sequence[Step]],
    driver: Driver[State, Step],
    pause: Callable[[], Awaitable[None]],
) -> tuple[State, tuple[Step, ...]]:
    """Bring the system to `wanted`; return the state it had before and the steps that took.

    `pause` is awaited between two looks at the result.  Raises NotConverged, or whatever the
    driver raised, after putting the system back.  Calling it again with the returned state undoes
    the change.
    """
    before = await driver.observe()
    taken: list[Step] = []
    try:
        for step in plan(wanted, before):
            await driver.perform(step)
            taken.append(step)
        left = await _left(wanted, plan, driver, pause) if taken else ()
        if left:
            raise NotConverged(left)
    except Exception:
        for step in plan(before, await driver.observe()):
            await driver.perform(step)
        raise
    return before, tuple(taken)


async def put_back(
    wanted: State,
    plan: Callable[[State, State], Sequence[Step]],
    driver: Driver[State, Step],
    pause: Callable[[], Awaitable[None]],
) -> tuple[Step, ...]:
    """Bring the system as near to `wanted` as it can be brought; return the steps still needed.

    Unlike `reconcile` it never turns around: a step that is refused is passed over and tried again
    at the next look.  Raises Unreachable when the system cannot be looked at.
    """
    left: Sequence[Step] = plan(wanted, await driver.observe())
    for _ in range(LOOKS):
        if not left:
            break
        for step in left:
            with suppress(NixieError):
                await driver.perform(step)
        await pause()
        left = plan(wanted, await driver.observe())
    return tuple(left)


async def _left(
    wanted: State,
    plan: Callable[[State, State], Sequence[Step]],
    driver: Driver[State, Step],
    pause: Callable[[], Awaitable[None]],
) -> Sequence[Step]:
    left = plan(wanted, await driver.observe())
    for _ in range(LOOKS - 1):
        if not left:
            break
        await pause()
        left = plan(wanted, await driver.observe())
    return left
