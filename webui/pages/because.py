"""Which line of the filter decides, and what it means."""

from collections.abc import Mapping
from typing import NamedTuple

from appliance.model.config import RouterConfig
from appliance.model.firewall_compare import forward_said, rule_said
from appliance.model.policy import NEWCOMERS
from appliance.model.reachability import SPOOFED, Verdict
from appliance.plan.devices import BLOCKED_FROM, BLOCKED_TO


def because(config: RouterConfig, found: Verdict) -> tuple[str, str, str]:
    """Why, the page of what decides, and what that page is called."""
    kind, _, name = found.by.partition(":")
    for rule in config.rules:
        if (kind, name) == ("rule", rule.id):
            return rule_said(config, rule), f"/firewall/rules/{name}", f"The rule {name}"
    for forward in config.forwards:
        if (kind, name) == ("forward", forward.name):
            said = forward_said(config, forward)
            return said, f"/firewall/forwards/{name}", f"The forward {name}"
    for beginning, sentence in BUILT_IN.items():
        if found.by.startswith(beginning) and found.accepted is sentence.accepted:
            return sentence.text, "", ""
    return "No rule lets it through.", "", ""


class Sentence(NamedTuple):
    """What a line that is built in means."""

    accepted: bool
    text: str


STRAY = "It belongs to no conversation that the router knows."
ANSWERS = "It belongs to a conversation that was let through."
BUILT_IN: Mapping[str, Sentence] = {
    **{f"{chain}-invalid": Sentence(False, STRAY) for chain in ("input", "forward")},
    **{
        f"{chain}-{kind}": Sentence(True, ANSWERS)
        for chain in ("input", "forward")
        for kind in ("answers", "related")
    },
    "input-icmpv6": Sentence(True, "IPv6 cannot work without it (RFC 4890)."),
    SPOOFED: Sentence(False, "The sender’s address belongs to another network."),
    BLOCKED_FROM: Sentence(False, "The device is blocked."),
    BLOCKED_TO: Sentence(False, "The device that it is for is blocked."),
    f"{NEWCOMERS}-": Sentence(
        False, "The device is new on its network, and waits until you let it in."
    ),
    "forward-within-": Sentence(True, "Inside one network nobody is judged."),
    "input-wan-ping6": Sentence(True, "IPv6 needs it that a router answers to ping (RFC 4890)."),
    "input-ping": Sentence(True, "The router answers to ping on its networks."),
    "input-wan": Sentence(False, "From the internet, nothing of the router is open."),
    "forward-wan": Sentence(False, "From the internet, only what you let in gets in."),
    "input-": Sentence(True, "The router offers this on that network."),
    "forward-": Sentence(True, "The zone of the sender reaches the zone of the receiver."),
}
"""Beginning of a line's id → what it means; the first that fits."""
