"""What applying a configuration would do, for who reviews it; nothing is looked at or done."""

from collections.abc import Sequence
from dataclasses import replace

from appliance.model.config import RouterConfig
from appliance.plan import order
from appliance.plan.links import Link, located
from appliance.plan.words import say
from hardware.inventory import Nic


def preview(
    before: RouterConfig | None, after: RouterConfig, nics: Sequence[Nic]
) -> tuple[str, ...]:
    """The steps from what is wanted now to what is wanted then, as sentences in their order.

    The router itself plans from what it finds, so that what drifted is put right, too.
    """
    old = order.wanted(located(before, nics)[0] if before else None)
    cards = {nic.name: Link(bridge=False, up=nic.up) for nic in nics}
    old = replace(old, links={**cards, **old.links})
    return tuple(map(say, order.steps(order.wanted(located(after, nics)[0]), old)))
