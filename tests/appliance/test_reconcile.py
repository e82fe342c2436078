import asyncio
import random
from dataclasses import dataclass, field
from ipaddress import IPv4Interface

import pytest

from appliance.errors import NotConverged, Unreachable
from appliance.plan.addresses import AddAddress, State, Step, steps
from appliance.reconcile import put_back, reconcile

HOME, OFFICE = IPv4Interface("10.0.0.1/24"), IPv4Interface("10.1.0.1/24")


@dataclass
class Kernel:
    """A kernel made of a dict."""

    links: dict[str, frozenset[IPv4Interface]]
    deaf: int = 0  # how many looks still show the state before
    fail_on: Step | None = None
    performed: list[Step] = field(default_factory=list)
    shown: State | None = None

    async def observe(self) -> State:
        if self.deaf and self.performed and self.shown is not None:
            self.deaf -= 1
            return self.shown
        self.shown = dict(self.links)
        return dict(self.links)

    async def perform(self, step: Step) -> None:
        if step == self.fail_on:
            raise Unreachable("No such device.")
        self.performed.append(step)
        here, one = self.links.get(step.link, frozenset()), frozenset({step.address})
        self.links[step.link] = here | one if isinstance(step, AddAddress) else here - one


async def at_once() -> None:
    """No pause."""


def run(kernel: Kernel, wanted: State) -> tuple[State, tuple[Step, ...]]:
    return asyncio.run(reconcile(wanted, steps, kernel, at_once))


def test_the_steps_taken_are_returned() -> None:
    kernel = Kernel({"br-lan": frozenset({HOME})})
    _, taken = run(kernel, {"br-lan": frozenset({OFFICE})})
    assert list(taken) == kernel.performed


def test_what_is_already_right_takes_no_step() -> None:
    kernel = Kernel({"br-lan": frozenset({HOME})})
    run(kernel, {"br-lan": frozenset({HOME})})
    assert kernel.performed == []


def test_reconciling_with_the_returned_state_undoes_the_change() -> None:
    kernel = Kernel({"br-lan": frozenset({HOME})})
    before, _ = run(kernel, {"br-lan": frozenset({OFFICE})})
    run(kernel, before)
    assert kernel.links == {"br-lan": frozenset({HOME})}


def test_a_failed_step_leaves_the_kernel_as_it_was() -> None:
    kernel = Kernel({"a": frozenset({HOME}), "b": frozenset()}, fail_on=AddAddress("b", HOME))
    with pytest.raises(Unreachable, match="No such device"):
        run(kernel, {"a": frozenset({OFFICE}), "b": frozenset({HOME})})
    assert kernel.links == {"a": frozenset({HOME}), "b": frozenset()}


def test_what_settles_by_itself_is_waited_for() -> None:
    kernel = Kernel({"a": frozenset()}, deaf=3)
    _, taken = run(kernel, {"a": frozenset({HOME})})
    assert len(taken) == 1


def test_a_kernel_that_ignores_us_is_not_called_converged() -> None:
    kernel = Kernel({"a": frozenset()}, deaf=1000)
    with pytest.raises(NotConverged):
        run(kernel, {"a": frozenset({HOME})})


def test_a_plan_carried_out_leaves_nothing_to_plan() -> None:
    dice = random.Random(7)
    pool = [IPv4Interface(f"10.{number}.0.1/24") for number in range(6)]
    for _ in range(300):
        wanted, present = (
            {link: frozenset(dice.sample(pool, dice.randrange(6))) for link in ("a", "b")}
            for _ in range(2)
        )
        kernel = Kernel(dict(present))
        run(kernel, wanted)
        assert steps(wanted, kernel.links) == ()


def test_putting_back_goes_on_past_a_step_that_is_refused() -> None:
    stuck = AddAddress("br-iot", HOME)
    kernel = Kernel({"br-lan": frozenset({OFFICE})}, fail_on=stuck)
    wanted = {"br-lan": frozenset({HOME}), "br-iot": frozenset({HOME})}
    left = asyncio.run(put_back(wanted, steps, kernel, at_once))
    assert left == (stuck,)
    assert kernel.links["br-lan"] == {HOME}


def test_putting_back_what_is_as_it_was_takes_no_step() -> None:
    kernel = Kernel({"br-lan": frozenset({HOME})})
    assert asyncio.run(put_back(dict(kernel.links), steps, kernel, at_once)) == ()
    assert kernel.performed == []
