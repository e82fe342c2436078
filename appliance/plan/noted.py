"""What the filter holds back is told, a few packets a second of each rule: the kernel hands their
beginnings to `net` (nfnetlink_log, group NOTED), which remembers the newest.

A rule that only notes stands before the one that decides: a limit in the deciding rule would let
through what is beyond it.

What is said to everybody on a cable is held back and not told: nobody meant this router by it, and
what printers, televisions and the provider's other customers chatter would fill the list.
"""

from appliance.plan.expression import Json, rule, to_us_alone

NOTED = 78
"""The group of nfnetlink_log; 78 as in the routes of ours."""
A_SECOND, AT_ONCE = 5, 20
BEFORE = "noted:"
"""How the ids of rules that only note begin."""
BYTES = 96
"""Of each packet: both headers, IPv6 with a few extensions too."""


def noted(ident: str, *matches: Json) -> Json:
    """The rule that tells what one with these matches holds back; `ident` is that rule's."""
    return tells(ident, *matches, to_us_alone())


def tells(ident: str, *matches: Json) -> Json:
    """The same of all that they fit, whomever it was said to."""
    limit = {"limit": {"rate": A_SECOND, "burst": AT_ONCE, "per": "second"}}
    tell = {"log": {"prefix": ident, "group": NOTED, "snaplen": BYTES}}
    return rule(f"{BEFORE}{ident}", *matches, limit, tell)
