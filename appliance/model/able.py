"""What a configuration asks that not every kernel can do, and what is left of it without."""

from collections.abc import Iterator
from dataclasses import replace

from appliance.errors import Problem
from appliance.model.config import RouterConfig
from appliance.model.dns import Dns, Upstream, groups
from appliance.model.facts import Facts
from appliance.model.slices import KernelSlice

NO_VLAN = (
    "This kernel has no VLANs (8021q), so no port can carry a tag. Leave the tags away, or start "
    "the router with a kernel that has them, like Debian's linux-image-amd64."
)
NO_CAKE = (
    "This kernel has no CAKE (sch_cake), so no speed is held. Leave the speeds empty, or start "
    "the router with a kernel that has it, like Debian's linux-image-amd64."
)
NO_IPV6 = (
    "This kernel has no IPv6. Write an IPv4 address here, or start the router with a kernel that "
    "has it, like Debian's linux-image-amd64."
)
NO_FLOWTABLE = (
    "This kernel has no flowtable (nft_flow_offload), so every packet takes the way through the "
    "rules. It works the same, for more work of the processor."
)


def refusals(config: RouterConfig, facts: Facts) -> Iterator[Problem]:
    """What this kernel cannot do of a configuration that is to be tried."""
    if not facts.vlan:
        for at, network in enumerate(config.networks):
            if network.tagged:
                yield Problem(("networks", at, "tagged"), NO_VLAN)
        if config.wan and config.wan.vlan is not None:
            yield Problem(("wan", "vlan"), NO_VLAN)
    if not facts.cake and config.wan and config.wan.shaping:
        yield Problem(("wan", "shaping"), NO_CAKE)
    if not facts.ipv6:
        yield from (Problem(place, NO_IPV6) for place in _six(config))


def _six(config: RouterConfig) -> Iterator[tuple[str | int, ...]]:
    """Where an IPv6 address is that somebody is to be reached at."""
    for at, route in enumerate(config.routes):
        if route.gateway.version == 6:
            yield "routes", at, "gateway"
    for place, upstreams in groups(config.dns):
        for at, upstream in enumerate(upstreams):
            if upstream.address.version == 6:
                yield *place, at, "address"


def lacks(kernel: KernelSlice) -> Iterator[str]:
    """A sentence for each thing that a kernel was found not to have."""
    if not kernel.vlan:
        yield NO_VLAN
    if not kernel.cake:
        yield NO_CAKE
    if kernel.flowtable is False:
        yield NO_FLOWTABLE


def within(config: RouterConfig, facts: Facts) -> RouterConfig:
    """What of a kept configuration this kernel can do: better that than no network at all."""
    networks, wan = config.networks, config.wan
    if not facts.ipv6:
        networks = tuple(replace(one, ipv6=None) for one in networks)
        config = replace(config, dns=_without_six(config.dns))
    if not facts.vlan:
        networks = tuple(replace(one, tagged=()) for one in networks)
        wan = None if wan and wan.vlan is not None else wan
    if not facts.cake and wan:
        wan = replace(wan, shaping=None)
    return replace(config, networks=networks, wan=wan)


def _without_six(dns: Dns) -> Dns:
    """Without the name servers with IPv6; a domain that has no other is asked of nobody else."""
    return replace(
        dns,
        upstreams=_with_four(dns.upstreams),
        forwardings=tuple(
            replace(one, upstreams=_with_four(one.upstreams)) for one in dns.forwardings
        ),
    )


def _with_four(upstreams: tuple[Upstream, ...]) -> tuple[Upstream, ...]:
    return tuple(one for one in upstreams if one.address.version == 4)
