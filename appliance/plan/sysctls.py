"""Kernel settings below /proc/sys, each by its path there.

Forwarding goes on last, when the filter stands, and off first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.model.config import RouterConfig
from appliance.model.policy import ways_in
from appliance.plan.links import trunks

FORWARD_V4 = "net/ipv4/ip_forward"
FORWARD_V6 = "net/ipv6/conf/all/forwarding"
BRIDGED_V4 = "net/bridge/bridge-nf-call-iptables"
"""Does the filter see what is bridged?  Then br_netfilter bridges what a forward sends back into
its own network instead of routing it, and a bridge lets nothing out by the port it came in by."""

PER_LINK: Mapping[str, str] = {
    "net/ipv4/conf/{}/promote_secondaries": "1",  # dropping an address keeps its neighbours
    "net/ipv4/conf/{}/rp_filter": "1",  # RFC 3704 §2.2: nobody's sender address but the link's own
    "net/ipv4/conf/{}/accept_redirects": "0",
    "net/ipv4/conf/{}/accept_source_route": "0",
    "net/ipv6/conf/{}/accept_ra": "0",  # a router announces, it does not obey announcements
    "net/ipv6/conf/{}/accept_redirects": "0",
}
IPV6_ON = "net/ipv6/conf/{}/disable_ipv6"
ACCEPT_RA = "net/ipv6/conf/{}/accept_ra"
RESTING: Mapping[str, str] = {FORWARD_V4: "0", FORWARD_V6: "0"}
"""What a setting of ours goes back to when no config asks for it any more; the rest may stay."""

State = Mapping[str, str | None]
"""Path to value; None where this kernel has no such family."""


@dataclass(frozen=True, slots=True)
class Write:
    path: str
    value: str


Step = Write


def wanted(config: RouterConfig) -> State:
    """The settings of a located config's links, and forwarding once there is a way out."""
    links = [*(network.bridge for network in config.networks), *trunks(config)]
    if config.wan and config.wan.is_there:
        links.append(config.wan.link)
    found = {path.format(link): value for link in links for path, value in PER_LINK.items()}
    if config.wan and config.networks:
        found[FORWARD_V4] = "1"
    if ways_in(config):
        found[BRIDGED_V4] = "0"
    return {**found, **_ipv6(config)}


def _ipv6(config: RouterConfig) -> State:
    """IPv6 on the networks that have it.  On the internet side the kernel itself obeys the
    provider's announcements, forwarding or not: its default route comes by them (value 2)."""
    links = [network.bridge for network in config.networks if network.ipv6]
    if not links:
        return {}
    found = {FORWARD_V6: "1"} | {IPV6_ON.format(link): "0" for link in links}
    if config.wan and config.wan.is_there:
        found |= {IPV6_ON.format(config.wan.link): "0", ACCEPT_RA.format(config.wan.link): "2"}
    return found


def owned(present: State, scope: State) -> State:
    """The settings that `scope` names."""
    return {path: value for path, value in present.items() if path in scope}


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the writes from `present` to `wanted`; () means nothing to do."""
    resting = {
        path: value for path, value in RESTING.items() if path in present and path not in wanted
    }
    written = tuple(
        Write(path, value)
        for path, value in sorted({**wanted, **resting}.items())
        if value is not None and present.get(path, "") not in (value, None)
    )
    return (*written, *_forgotten(wanted, present))


def _forgotten(wanted: State, present: State) -> Iterator[Step]:
    """A link that leads to the internet no more obeys nobody, and forgets the addresses and the
    default route that it was told there: the kernel does so when its IPv6 goes off."""
    for path, value in sorted(present.items()):
        if value == "2" and path not in wanted and path.endswith(ACCEPT_RA.rpartition("}")[2]):
            on = path.replace("accept_ra", "disable_ipv6")
            yield from (Write(path, "0"), Write(on, "1"), Write(on, "0"))


def is_forwarding_on(step: Step) -> bool:
    """Does this write start forwarding?"""
    return step in (Write(FORWARD_V4, "1"), Write(FORWARD_V6, "1"))


def is_forwarding_off(step: Step) -> bool:
    """Does this write stop forwarding?"""
    return step in (Write(FORWARD_V4, "0"), Write(FORWARD_V6, "0"))
