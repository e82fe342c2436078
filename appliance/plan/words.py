"""A step as a sentence, for Review, events and logs."""

from collections.abc import Callable, Mapping
from typing import Any

from appliance.plan import addresses, firewall, flows, links, routes, shaping, sysctls, unreachable
from appliance.plan.order import Step

WORDS: Mapping[type[Step], str] = {
    links.AddBridge: "Make the bridge {0.link}.",
    links.AddVlan: "Make {0.link} of what bears the tag {0.vlan} on {0.parent}.",
    links.Enslave: "Put {0.link} into {0.bridge}.",
    links.Release: "Take {0.link} out of its bridge.",
    links.SetMac: "Give {0.link} the MAC {0.mac}.",
    links.SetMtu: "Let packets through {0.link} be {0.mtu} bytes at most.",
    links.BringUp: "Switch {0.link} on.",
    links.BringDown: "Switch {0.link} off.",
    links.DropBridge: "Remove the bridge {0.link}.",
    links.DropVlan: "Remove {0.link}, the link of a tag.",
    addresses.AddAddress: "Give {0.link} the address {0.address}.",
    addresses.DropAddress: "Take the address {0.address} from {0.link}.",
    routes.AddRoute: "Send {0.route.destination} {0.route.way}.",
    routes.DropRoute: "Stop sending {0.route.destination} {0.route.way}.",
    unreachable.AddUnreachable: "Refuse what is sent to {0.destination} and is on no network.",
    unreachable.DropUnreachable: "Let {0.destination} go where the other routes lead.",
    firewall.DropTable: "Remove the filter.",
    flows.Drop: "Send every flow through the rules again.",
    flows.Lay: "Let flows that were let through take the short way.",
    shaping.HoldOut: "Hold what leaves {0.link} at {0.cake.kbit} kbit/s.",
    shaping.HoldIn: "Hold what arrives at {0.link} at {0.cake.kbit} kbit/s.",
    shaping.FreeOut: "Let what leaves {0.link} go as fast as it can.",
    shaping.FreeIn: "Let what arrives at {0.link} come as fast as it can.",
}
FORWARDING: Mapping[sysctls.Write, str] = {
    sysctls.Write(sysctls.FORWARD_V4, "1"): "Start forwarding between networks.",
    sysctls.Write(sysctls.FORWARD_V4, "0"): "Stop forwarding between networks.",
    sysctls.Write(sysctls.FORWARD_V6, "1"): "Start forwarding IPv6 between networks.",
    sysctls.Write(sysctls.FORWARD_V6, "0"): "Stop forwarding IPv6 between networks.",
}


def say(step: Step) -> str:
    """One step as a sentence."""
    kind: type[Any] = type(step)
    return SPECIAL[kind](step) if kind in SPECIAL else WORDS[kind].format(step)


def _write(step: sysctls.Write) -> str:
    return FORWARDING.get(step, f"Set {step.path} to {step.value}.")


def _tags(step: links.KeepTagsOut) -> str:
    only = "only frames without a tag" if step.untagged else "frames with a tag, too"
    return f"Let {step.link} take {only}."


def _refill(step: firewall.Refill) -> str:
    words = ", ".join(step.words) or "the same rules in another order"
    return f"Write the filter in one go: {words}."


SPECIAL: Mapping[type[Any], Callable[[Any], str]] = {
    sysctls.Write: _write,
    firewall.Refill: _refill,
    links.KeepTagsOut: _tags,
}
