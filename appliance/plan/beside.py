"""What stays beside a new network: the addresses that the old one had on the same wires.

While a change is on trial both addresses answer, so that whoever is on the old one can still look,
undo, ask names and boot.  After Keep the old address goes on as gateway and name server until the
last lease from then has moved or ended; by IPv6 there is nobody to wait for, because devices change
by themselves when they hear of another prefix.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network

from appliance.model.config import RouterConfig
from appliance.model.stays import Stay, heir, six_beside
from appliance.plan import firewall, order
from appliance.plan.expression import Json
from appliance.plan.firewall import Chain
from appliance.plan.slices import served


def stays(
    before: RouterConfig, after: RouterConfig, lent: IPv6Network | None = None
) -> tuple[Stay, ...]:
    """What of `before` stays while `after` is tried: each network that is served another way, and
    each of its IPv6 addresses that it loses; `lent` is the provider's IPv6 prefix.

    A network stays where its name, else its bridge, else one of its ports is now; one that has no
    such place goes, and so does an address that would clash with another network of `after`.
    """
    found: list[Stay] = []
    for network in before.networks:
        now_there = heir(network, after)
        if now_there is None:
            continue
        was, now = served(before, network), served(after, now_there)
        moves = (network.address, was) != (now_there.address, now)
        if moves and not _clashes(network.address, now_there.bridge, after):
            found.append(Stay(network.name, now_there.bridge, network.address, was))
        six = six_beside(network, before, after, lent)
        found += (Stay(network.name, now_there.bridge, one) for one in six)
    return tuple(found)


def fitting(leaving: Iterable[Stay], after: RouterConfig) -> tuple[Stay, ...]:
    """Those of `leaving` that can stay under `after`, too."""
    links = {network.bridge for network in after.networks}
    ours = {network.address for network in after.networks}
    return tuple(
        stay
        for stay in leaving
        if stay.link in links
        and stay.address not in ours
        and not _clashes(stay.address, stay.link, after)
    )


def beside(wanted: order.State, after: RouterConfig, staying: Sequence[Stay]) -> order.State:
    """The state in which what stays answers, too."""
    if not staying:
        return wanted
    addresses = dict(wanted.addresses)
    for stay in staying:
        there = addresses.get(stay.link, frozenset())
        if stay.address.ip not in {one.ip for one in there}:
            addresses[stay.link] = there | {stay.address}
    return replace(wanted, addresses=addresses, firewall=_translated(wanted, after, staying))


def _translated(
    wanted: order.State, after: RouterConfig, staying: Sequence[Stay]
) -> firewall.State:
    """Who has an IPv4 address from before still gets out through the internet port."""
    homes = {network.bridge: network for network in after.networks}
    ghosts = tuple(
        replace(homes[one.link], address=one.address)
        for one in staying
        if isinstance(one.address, IPv4Interface)
    )
    if not ghosts:
        return wanted.firewall
    theirs = firewall.wanted(replace(after, networks=ghosts)).chains
    both = firewall.wanted(replace(after, networks=(*after.networks, *ghosts))).chains
    chains = dict(wanted.firewall.chains)
    if out := chains.get("postrouting"):
        chains["postrouting"] = replace(out, rules=(*out.rules, *_more(out, theirs["postrouting"])))
    if "prerouting" in chains:  # no forward takes what is asked of an address that stays
        chains["prerouting"] = both["prerouting"]
    return replace(wanted.firewall, chains=chains)


def _more(chain: Chain, theirs: Chain) -> Iterable[Json]:
    """The rules of `theirs` that `chain` lacks, each once, under names of their own."""
    known = [rule["expr"] for rule in chain.rules]
    for rule in theirs.rules:
        if rule["expr"] not in known:
            known.append(rule["expr"])
            yield {**rule, "comment": f"{rule['comment']}-before-{len(known)}"}


def _clashes(address: IPv4Interface | IPv6Interface, link: str, after: RouterConfig) -> bool:
    """Does another network of `after` have this address's subnet, or a part of it?"""
    used = [one.address.network for one in after.networks if one.bridge != link]
    if after.wan and after.wan.static:
        used.append(after.wan.static.address.network)
    return any(address.network.overlaps(one) for one in used)
