"""One machine's conversation: a decision becomes a script, and a line for the record.

Pure.  `serve` finds out who asks and stores what happened; here is what is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.model.command_line import passes
from appliance.model.fit import fit, known
from appliance.model.images import Part
from appliance.model.table import Table
from services.netboot import menu, script
from services.netboot.architecture import Kind
from services.netboot.attempt import Chosen
from services.netboot.choice import (
    Decision,
    Deny,
    Hold,
    Images,
    Local,
    Page,
    Run,
    Shell,
    Show,
)
from services.netboot.parameters import NOBODY, Who
from services.netboot.script import Urls


@dataclass(frozen=True, slots=True)
class Answer:
    """A script, the images its token opens, and the menu keys it offers."""

    text: str
    images: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()


def checked(decision: Decision, kind: Kind | None) -> Decision:
    """The decision, or a page saying why its image cannot be started on a machine of that kind."""
    if not isinstance(decision, Run):
        return decision
    image = decision.image
    purposes = {part.purpose for part in image.parts}
    if script.FIRST.get(image.recipe) not in purposes:
        why = f"{image.name} is made for a recipe, {image.recipe}, that is not known here."
        return Page(why, "Update Nixie, then build the image again.")
    if kind is not None and image.system not in kind.systems:
        runs = " or ".join(sorted(kind.systems))
        return Page(
            f"{image.name} is made for {image.system}, and this machine runs {runs}.",
            "Assign a host that is built for it on the page of this machine.",
            reason="wrong-system",
        )
    try:
        passes(image.command_line)
    except ValueError as error:
        return Page(f"{image.name} cannot be started: {error}.", "Change the host's kernel params.")
    return decision


def fitted(decision: Decision, facts: Mapping[str, Any]) -> Decision:
    """The decision with the form of the image that fits what the machine told of itself."""
    if not isinstance(decision, Run):
        return decision
    return replace(decision, fits=fit(decision.image, known(facts)))


def depends(decision: Decision) -> bool:
    """Whether what the machine is told depends on what it tells of itself."""
    return isinstance(decision, Run) and bool(decision.image.thin)


def chosen(decision: Decision, table: Table, network: str, mac: str) -> Chosen:
    """The decision as the record keeps it."""
    machine = table.machine(network, mac)
    base = Chosen("")
    if machine is not None:
        base = Chosen("", machine.id, machine.intent, machine.intent_id)
    if isinstance(decision, Run):
        image = decision.image
        if decision.once is not None:
            base = replace(base, intent=decision.once.kind)
        return replace(
            base,
            kind="run",
            host=decision.host.id,
            name=decision.host.name,
            image=image.id,
            generation=decision.generation.number,
            toplevel=image.toplevel,
            watched=image.watched,
            once=decision.once,
            parts={part.sha256: part.size for part in decision.parts},
            doubts=decision.fits.findings,
            store=next((part.sha256 for part in decision.parts if part.purpose == "store"), ""),
        )
    if isinstance(decision, Page):
        return replace(
            base,
            kind="page",
            sentence=decision.why,
            way_out=decision.way_out,
            reason=decision.reason,
        )
    return replace(base, kind=KINDS[type(decision)])


KINDS: dict[type, str] = {
    Show: "menu",
    Hold: "hold",
    Local: "local",
    Deny: "deny",
    Shell: "shell",
}


def answer(
    decision: Decision,
    urls: Urls,
    *,
    phone_home: str,
    code: str,
    cache: str = "",
    who: Who = NOBODY,
) -> Answer:
    """What the machine is told.  `code` is what a held machine shows, `cache` the binary cache's
    `URL=KEY`, "" without one."""
    match decision:
        case Run():
            told = script.run(urls, decision, phone_home, cache, who)
            return Answer(told, images=(decision.image.id,))
        case Show():
            return Answer(menu.menu(urls, decision), menu=tuple(sorted(menu.keys(decision))))
        case Hold():
            return Answer(script.hold(urls, code))
        case Page():
            return Answer(_page(urls, decision))
        case Local():
            return Answer(script.local(urls))
        case Shell():
            return Answer(script.shell(urls))
        case Deny():
            return Answer(script.deny(urls))


def _page(urls: Urls, page: Page) -> str:
    if page.reason == "waiting":
        return script.waiting(urls, page.why, page.way_out)
    return script.page(urls, page.why, page.way_out, page.seconds)


def part_of(images: Images, opened: tuple[str, ...], sha256: str) -> tuple[Part | None, float]:
    """The part with that hash in the images a token opens, and when it was built."""
    for ident in opened:
        image = images(ident)
        for part in image.every_part if image else ():
            if part.sha256 == sha256:
                return part, image.provenance.built_at if image else 0.0
    return None, 0.0
