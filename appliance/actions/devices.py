"""Devices: what they are called, when their packets are dropped, the address that is theirs.

Names and blocks are inventory: effective at once, undoable.  A reserved address is configuration,
and goes into the draft.
"""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from appliance.actions import draft
from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.known_devices import Known, device
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import DeviceActed
from appliance.model.config import Dhcp, Network, Reservation, RouterConfig
from appliance.model.devices import block_from, block_text
from appliance.model.ipv6 import SUBNET_BITS, eui64
from appliance.model.names import MACHINE_NAME
from appliance.store.inventory import Acting
from appliance.store.tables import Device

NAME_LONGEST = 60
LAST_BITS = (1 << SUBNET_BITS) - 1
AT_ONCE = 200
"""Devices that one act is about."""


def rename_device(desk: Desk, actor: Actor, word: str, name: str) -> Done:
    """Call a device something else; "" brings back the name that it has by itself."""
    with act(desk, actor, "rename_device") as doing:
        one, name = device(desk.reads, word), " ".join(name.split())
        if len(name) > NAME_LONGEST or not name.isprintable():
            what = f"A device's name has at most {NAME_LONGEST} visible characters."
            raise Refused(problem(what, "name"))
        _say(desk, actor, doing, one.mac, name=name)
        what = f"{one.name} is called {name}." if name else f"{one.name} has its own name again."
        return doing.tell(one.mac, what, DeviceActed)


def block_devices(desk: Desk, actor: Actor, words: Sequence[str], block: str) -> Done:
    """Drop all packets of devices: "always", "until …" or "weekly …" (model/devices.py)."""
    with act(desk, actor, "block_devices") as doing:
        try:
            said = block_text(block_from(block))
        except ValueError as error:
            raise Refused(problem(str(error), "block")) from error
        if not said:
            raise Refused(problem("Say when it is blocked. To unblock it is another act.", "block"))
        found = _chosen(desk, words)
        for one in found:
            if actor.address and actor.address.partition("%")[0] in one.row.addresses:
                what = f"{one.name} is the device that you sit at. Block it from another one."
                raise Refused(problem(what, "devices"))
        for one in found:
            _say(desk, actor, doing, one.mac, block=said)
        return doing.tell(found[0].mac, f"{_names(found)} blocked{_when(said)}.", DeviceActed)


def unblock_devices(desk: Desk, actor: Actor, words: Sequence[str]) -> Done:
    """Let the devices' packets through again."""
    with act(desk, actor, "unblock_devices") as doing:
        found = _chosen(desk, words)
        for one in found:
            _say(desk, actor, doing, one.mac, block="")
        return doing.tell(found[0].mac, f"{_names(found)} not blocked any more.", DeviceActed)


def admit_devices(desk: Desk, actor: Actor, words: Sequence[str]) -> Done:
    """Let devices in where newcomers are held back; effective at once."""
    with act(desk, actor, "admit_devices") as doing:
        found = _chosen(desk, words)
        for one in found:
            _say(desk, actor, doing, one.mac, let_in=True)
        return doing.tell(found[0].mac, f"{_names(found)} let in.", DeviceActed)


def reserve_address(
    desk: Desk, actor: Actor, word: str, *, address: str = "", name: str = ""
) -> Done:
    """Prepare that a device always gets one address, "" for the one it has now.

    It is a change of the configuration: it is in force once the draft is applied.
    """
    one = device(desk.reads, word)
    wanted = _address(one, address)
    label = _label(one, name)
    fixed = Reservation(one.mac, wanted, label)
    what = f"{one.name} always gets {wanted}."
    return draft.edit(desk, actor, lambda config: reserved(config, fixed), what)


def as_it_is(one: Known) -> Reservation:
    """What keeps a device the address and the name that it has now; and the end of its IPv6
    addresses, where it was seen with the one that it makes of its MAC.

    Raises Refused when it has no address yet.
    """
    made = int(eui64(one.mac))
    ends = (int(IPv6Address(text)) & LAST_BITS for text in one.row.addresses if is_global(text))
    suffix = eui64(one.mac) if made in ends else None
    return Reservation(one.mac, _address(one, ""), _label(one, ""), suffix=suffix)


def is_global(text: str) -> bool:
    """Is this an IPv6 address that is good beyond its link?"""
    return ":" in text and not IPv6Address(text).is_link_local


def reserve_addresses(desk: Desk, actor: Actor, words: Sequence[str]) -> Done:
    """Prepare that each of these devices keeps the address it has now, as one change."""
    found = _chosen(desk, words)
    fixed = [Reservation(one.mac, _address(one, ""), _label(one, "")) for one in found]

    def change(config: RouterConfig) -> RouterConfig:
        for one in fixed:
            config = reserved(config, one)
        return config

    what = f"{len(found)} devices always get the addresses that they have."
    if len(found) == 1:
        what = f"{found[0].name} always gets {fixed[0].address}."
    return draft.edit(desk, actor, change, what)


def release_address(desk: Desk, actor: Actor, word: str) -> Done:
    """Prepare that a device's address is not kept for it any more."""
    one = device(desk.reads, word)
    what = f"{one.name} gets any address."
    return draft.edit(desk, actor, lambda config: released(config, one.mac), what)


def reserved(config: RouterConfig, fixed: Reservation) -> RouterConfig:
    """The same configuration with that reservation on the network where its address is.

    Quirks of one that it replaces are kept, and the end of its IPv6 addresses unless it has another
    one.  Raises Refused when no network has that address.
    """
    place = next((one for one in config.networks if fixed.address in one.address.network), None)
    if place is None or place.dhcp is None:
        what = f"No network gives out addresses like {fixed.address}."
        raise Refused(problem(what, "address"))
    before = [one for one in place.dhcp.reservations if one.mac == fixed.mac]
    kept = fixed
    if before:
        suffix = fixed.suffix or before[0].suffix
        kept = replace(fixed, quirks=before[0].quirks, suffix=suffix)
    return _with(released(config, fixed.mac), place.name, (kept,))


def released(config: RouterConfig, mac: str) -> RouterConfig:
    """The same configuration without reservations of that MAC."""
    return replace(config, networks=tuple(_without(one, mac) for one in config.networks))


def _without(network: Network, mac: str) -> Network:
    if network.dhcp is None:
        return network
    left = tuple(one for one in network.dhcp.reservations if one.mac != mac)
    return replace(network, dhcp=replace(network.dhcp, reservations=left))


def _with(config: RouterConfig, name: str, more: tuple[Reservation, ...]) -> RouterConfig:
    def added(dhcp: Dhcp | None) -> Dhcp | None:
        return dhcp and replace(dhcp, reservations=(*dhcp.reservations, *more))

    return replace(
        config,
        networks=tuple(
            replace(one, dhcp=added(one.dhcp)) if one.name == name else one
            for one in config.networks
        ),
    )


def _address(one: Known, text: str) -> IPv4Address:
    """The address to keep.  Raises Refused."""
    try:
        return IPv4Address(text.strip() or one.address)
    except ValueError:
        what = f"{text!r} is no IPv4 address." if text else f"{one.name} has no IPv4 address yet."
        raise Refused(problem(f"{what} Write one like 10.77.0.50.", "address")) from None


def _label(one: Known, name: str) -> str | None:
    """The name in DNS: as said, else the device's own where it can be one."""
    if name := name.strip().lower():
        if not MACHINE_NAME.fullmatch(name):
            raise Refused(problem("A name in DNS has letters, digits and hyphens.", "name"))
        return name
    own = one.name.lower()
    return own if MACHINE_NAME.fullmatch(own) else None


def _chosen(desk: Desk, words: Sequence[str]) -> list[Known]:
    if not words:
        raise Refused(problem("Choose a device first.", "devices"))
    if len(words) > AT_ONCE:
        raise Refused(problem(f"Choose at most {AT_ONCE} devices at once.", "devices"))
    return [device(desk.reads, word) for word in dict.fromkeys(words)]


def _say(desk: Desk, actor: Actor, doing: Acting, mac: str, **values: Any) -> None:
    """Change what the owner says of a MAC; a row that says nothing is no row."""
    row = doing.session.get(Device, mac)
    if row is None:
        if any(values.values()):
            said = {"name": "", "block": "", **values}
            row = Device(mac=mac, account=actor.account, origin=ORIGIN, set_at=desk.now(), **said)
            doing.insert(row)
    elif any({"name": row.name, "block": row.block, "let_in": row.let_in, **values}.values()):
        doing.change(row, **values, set_at=desk.now())
    else:
        doing.delete(row)


def _names(found: Sequence[Known]) -> str:
    """
    >>> _names([])
    'Nothing is'
    """
    names = [one.name for one in found]
    if len(names) < 2:
        return f"{names[0]} is" if names else "Nothing is"
    if len(names) > 3:
        return f"{len(names)} devices are"
    return f"{', '.join(names[:-1])} and {names[-1]} are"


def _when(said: str) -> str:
    """How long a block lasts, as the end of a sentence.

    >>> _when("always"), _when("weekly mon 21:00-07:00")
    ('', ' every week, mon 21:00-07:00')
    """
    kind, _, rest = said.partition(" ")
    return {"until": " for a while", "weekly": f" every week, {rest}"}.get(kind, "")
