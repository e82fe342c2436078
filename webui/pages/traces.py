"""What becomes of the packets of one conversation, live: a part of the page /firewall/why."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from appliance.actions import changes, draft
from appliance.model.config import RouterConfig
from appliance.model.reachability import Verdict
from appliance.model.trace import SECONDS, flow_from
from appliance.store.traces import Trace, Traced
from webui import phrases
from webui.pages.because import because
from webui.pages.frame import Shell
from webui.pages.name_rows import Pause, paused
from webui.pages.states import Pill
from webui.session import Here


class Row(NamedTuple):
    """One packet with what decided it."""

    when: str
    sender: str
    receiver: str
    state: Pill
    decided: str
    rule: str  # the page of what decided, "" for what is built in


class TraceView(NamedTuple):
    """The part of the page; `left` while packets are watched, `fields` are what would be next."""

    shell: Shell
    fields: tuple[tuple[str, str], ...]
    asks: str  # what the fragment is asked with
    words: str  # the conversation that is or was watched, "" for none
    left: Pause | None
    problem: str
    rows: tuple[Row, ...]


def traced(here: Here, shell: Shell, asked: Mapping[str, str]) -> TraceView:
    """The view of this moment."""
    wish, found = here.reads.trace_asked(), here.reads.trace()
    until = float(wish.body["until"]) if wish else 0.0
    begun = found is not None and wish is not None and found.wish == wish.id
    left = paused(until, here.now) if not (begun and found and found.over) else None
    config = changes.present_config(here.desk) or draft.edited(here.desk)
    flow = flow_from(wish.body) if wish and left else found.flow if found else None
    shown = found if found and (begun or not left) else None
    return TraceView(
        shell=shell,
        fields=tuple(asked.items()),
        asks=f"?{urlencode(asked)}",
        words=flow.words if flow else "",
        left=left,
        problem=problem(found, silent=bool(left) and here.now > until - SECONDS + LATE_SECONDS)
        if begun or left
        else "",
        rows=tuple(row(config, one) for one in shown.packets) if shown else (),
    )


def problem(found: Trace | None, *, silent: bool) -> str:
    """Why nothing can be seen; `silent` when the role should have answered by now."""
    if found is None and silent:
        return "The role net does not tell what it sees."
    return found.problem if found else ""


def row(config: RouterConfig, one: Traced) -> Row:
    """One packet as it is shown."""
    decided, rule = said(config, one)
    return Row(
        when=phrases.exact_clock(one.at),
        sender=one.source if one.port is None else f"{_bracketed(one.source)}:{one.port}",
        receiver=one.destination,
        state=STATES[one.accepted],
        decided=decided,
        rule=rule,
    )


def said(config: RouterConfig, one: Traced) -> tuple[str, str]:
    """What decided it, and the page of that."""
    if one.elsewhere:
        return f"Not Nixie: another program’s table refuses it ({one.elsewhere}).", ""
    if one.accepted is None:
        return "It came in, and no rule was asked: the router knows no way there.", ""
    if not one.by:
        return "A rule that is not there any more decided.", ""
    why, href, _ = because(config, Verdict(one.accepted, one.by))
    return why, href


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


LATE_SECONDS = 3.0
"""The role obeys within one."""
STATES: Mapping[bool | None, Pill] = {
    True: Pill("ok", "Passed"),
    False: Pill("bad", "Blocked"),
    None: Pill("off", "Not judged"),
}
