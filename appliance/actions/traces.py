"""Having the kernel tell of one conversation's packets: a wish to `net`, with an end."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from appliance.actions import changes
from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.known_devices import known
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import ConfigActed
from appliance.model.config import Reservation, RouterConfig
from appliance.model.firewall import INTERNET, ROUTER
from appliance.model.names import mac_from
from appliance.model.trace import SECONDS, Flow

SUBJECT = "firewall"
NOBODY = Flow("", (), "", (), "", None)
PROTOCOLS = ("tcp", "udp", "icmp")


@dataclass(frozen=True, slots=True)
class Typed:
    """A conversation as it was typed; `sender` and `receiver` "" for anybody there."""

    source: str
    sender: str
    destination: str
    receiver: str
    protocol: str
    port: int | None


def trace(desk: Desk, actor: Actor, typed: Typed) -> Done:
    """Trace a conversation for a minute, instead of another.  Raises Refused with what cannot be
    read."""
    with act(desk, actor, "trace_packets", scope="admin") as doing:
        config = changes.present_config(desk)
        if config is None:
            raise Refused(problem("No configuration is in force yet, so no packet is judged."))
        flow = _flow(config, typed, _addresses(desk))
        until = str(desk.now() + SECONDS)
        doing.wish(desk.new_id(), "net", "trace", until=until, **flow.fields())
        what = f"The packets of {flow.words} are watched for {SECONDS} seconds."
        return doing.tell(SUBJECT, what, ConfigActed)


def stop(desk: Desk, actor: Actor) -> Done:
    """Trace nothing any more; what was seen stays until the next one."""
    with act(desk, actor, "stop_trace", scope="admin") as doing:
        doing.wish(desk.new_id(), "net", "trace", until="0", **NOBODY.fields())
        return doing.tell(SUBJECT, "No packets are watched any more.", ConfigActed)


Addresses = dict[str, tuple[str, ...]]
"""Those of each device that was seen, by its MAC."""


def _addresses(desk: Desk) -> Addresses:
    return {one.mac: one.row.addresses for one in known(desk.reads)}


def _flow(config: RouterConfig, typed: Typed, addresses: Addresses) -> Flow:
    there = (*(one.name for one in config.networks), INTERNET)
    if typed.source not in there:
        raise Refused(problem(f"Choose one of {', '.join(there)}.", "source"))
    if typed.destination not in (*there, ROUTER):
        raise Refused(problem(f"Choose one of {', '.join((*there, ROUTER))}.", "destination"))
    if typed.protocol not in PROTOCOLS:
        raise Refused(problem(f"Choose one of {', '.join(PROTOCOLS)}.", "protocol"))
    if typed.protocol != "icmp" and not (typed.port and typed.port <= 65_535):
        raise Refused(problem("Write the port that is asked for, like 443.", "port"))
    flow = Flow(
        typed.source,
        _sender(config, typed.sender),
        typed.destination,
        _receiver(config, typed.receiver, addresses),
        typed.protocol,
        None if typed.protocol == "icmp" else typed.port,
    )
    if flow.receivers and not _meet(flow):
        what = "IPv4 and IPv6 do not meet; write both addresses of one kind."
        raise Refused(problem(what, "receiver"))
    return flow


def _meet(flow: Flow) -> bool:
    """A MAC speaks both."""
    senders, receivers = (
        {ip_address(one).version for one in who if not _is_mac(one)}
        for who in (flow.senders, flow.receivers)
    )
    return not senders or bool(senders & receivers)


def _sender(config: RouterConfig, text: str) -> tuple[str, ...]:
    """A device is known by its MAC, whatever its addresses are."""
    word = text.strip().lower()
    found = _reserved(config, word)
    if found and word != str(found.address):
        return (found.mac,)
    return (_address_or_mac(text, "sender"),) if word else ()


def _receiver(config: RouterConfig, text: str, addresses: Addresses) -> tuple[str, ...]:
    """A device is asked by one of its addresses."""
    word = text.strip().lower()
    if not word:
        return ()
    found = _reserved(config, word)
    if found and word == str(found.address):
        return (word,)
    one = found.mac if found else _address_or_mac(text, "receiver")
    if not _is_mac(one):
        return (one,)
    own = (str(found.address),) if found else ()
    if told := tuple(dict.fromkeys((*own, *addresses.get(one, ())))):
        return told
    what = f"{text.strip()} was not seen with an address yet. Write the address that is asked."
    raise Refused(problem(what, "receiver"))


def _reserved(config: RouterConfig, word: str) -> Reservation | None:
    """The device with a fixed address that is called so."""
    every: Sequence[Reservation] = [
        one for network in config.networks if network.dhcp for one in network.dhcp.reservations
    ]
    return next((one for one in every if word in (one.name, one.mac, str(one.address))), None)


def _address_or_mac(text: str, field: str) -> str:
    word = text.strip().lower()
    try:
        return str(ip_address(word.partition("%")[0]))
    except ValueError:
        pass
    try:
        return mac_from(word)
    except ValueError:
        what = f"{text.strip()} is no device with a fixed address, and no address."
        raise Refused(problem(what, field)) from None


def _is_mac(word: str) -> bool:
    """Of an address or a MAC, as they are written here."""
    return word.count(":") == 5 and len(word) == 17
