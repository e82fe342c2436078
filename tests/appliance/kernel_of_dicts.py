"""A kernel made of dicts, strict where the real one is: the stand-in for every plan at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.errors import Unreachable
from appliance.plan import addresses, firewall, links, order, routes, sysctls


class KernelOfDicts:
    """Observes and performs like services/net/driver.py.

    `refuses` is a step it does not take, `unthinkable` a kind of which even the rehearsal fails;
    `performed` are those that it took, `meanwhile` is told each before it is taken, and may raise.
    """

    def __init__(self, state: order.State | None = None) -> None:
        self.state = state or order.State()
        self.scope = order.State()
        self.refuses: order.Step | None = None
        self.unthinkable: type[order.Step] | None = None
        self.performed: list[order.Step] = []
        self.meanwhile: Callable[[order.Step], None] = lambda _step: None

    async def observe(self) -> order.State:
        return order.owned(self.state, self.scope)

    async def rehearse(self, steps: Sequence[order.Step]) -> None:
        if self.unthinkable and self.unthinkable in {type(step) for step in steps}:
            raise Unreachable("The kernel knows no such rule.")

    async def perform(self, step: order.Step) -> None:
        if step == self.refuses:
            raise Unreachable("No such device.")
        self.meanwhile(step)
        self.performed.append(step)
        self.carry_out(step)

    def carry_out(self, step: order.Step) -> None:
        self.state = CARRY_OUT[type(step)](self.state, step)


def _links(state: order.State, **changed: links.Link | None) -> order.State:
    found = {**state.links, **changed}
    return replace(state, links={name: link for name, link in found.items() if link})


def _add_bridge(state: order.State, step: links.AddBridge) -> order.State:
    if step.link in state.links:
        raise Unreachable("File exists.")
    return _links(state, **{step.link: links.Link(bridge=True, up=False)})


def _drop_bridge(state: order.State, step: links.DropBridge) -> order.State:
    released = {
        name: replace(link, master=None)
        for name, link in state.links.items()
        if link.master == step.link
    }
    held = {name: one for name, one in state.addresses.items() if name != step.link}
    return replace(_links(state, **released, **{step.link: None}), addresses=held)


def _enslave(state: order.State, step: links.Enslave) -> order.State:
    assert step.bridge in state.links
    port = state.links.get(step.link, links.Link(bridge=False, up=False))
    return _links(state, **{step.link: replace(port, master=step.bridge)})


def _release(state: order.State, step: links.Release) -> order.State:
    return _links(state, **{step.link: replace(state.links[step.link], master=None)})


def _switch(state: order.State, step: links.BringUp | links.BringDown) -> order.State:
    up = isinstance(step, links.BringUp)
    return _links(state, **{step.link: replace(state.links[step.link], up=up)})


def _card(state: order.State, step: links.SetMac | links.SetMtu) -> order.State:
    changed = {"mac": step.mac} if isinstance(step, links.SetMac) else {"mtu": step.mtu}
    return _links(state, **{step.link: replace(state.links[step.link], **changed)})


def _address(state: order.State, step: addresses.AddAddress | addresses.DropAddress) -> order.State:
    here, one = state.addresses.get(step.link, frozenset()), frozenset({step.address})
    adds = isinstance(step, addresses.AddAddress)
    assert adds == (step.address not in here)
    return replace(
        state, addresses={**state.addresses, step.link: here | one if adds else here - one}
    )


def _route(state: order.State, step: routes.AddRoute | routes.DropRoute) -> order.State:
    here, one = frozenset(state.routes), step.route
    if isinstance(step, routes.DropRoute):
        assert one in here
        return replace(state, routes=here - {one})
    assert (one.destination, one.metric) not in {(it.destination, it.metric) for it in here}
    return replace(state, routes=here | {one})


def _write(state: order.State, step: sysctls.Write) -> order.State:
    return replace(state, sysctls={**state.sysctls, step.path: step.value})


def _refill(state: order.State, step: firewall.Refill) -> order.State:
    table = state.firewall
    chains = {name: one for name, one in table.chains.items() if name not in step.drop}
    chains |= {chain.name: chain for chain in step.fill}
    named = {key: body for key, body in table.named.items() if key not in step.drop_named}
    named |= {(kind, str(body["name"])): body for kind, body in step.add_named}
    return replace(state, firewall=firewall.State(stands=True, chains=chains, named=named))


def _drop_table(state: order.State, step: firewall.DropTable) -> order.State:
    del step
    return replace(state, firewall=firewall.State())


CARRY_OUT: Mapping[type[order.Step], Callable[[order.State, Any], order.State]] = {
    links.AddBridge: _add_bridge,
    links.DropBridge: _drop_bridge,
    links.Enslave: _enslave,
    links.Release: _release,
    links.BringUp: _switch,
    links.BringDown: _switch,
    links.SetMac: _card,
    links.SetMtu: _card,
    addresses.AddAddress: _address,
    addresses.DropAddress: _address,
    routes.AddRoute: _route,
    routes.DropRoute: _route,
    sysctls.Write: _write,
    firewall.Refill: _refill,
    firewall.DropTable: _drop_table,
}
