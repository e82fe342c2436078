"""Finding the host that somebody means.

A host's id is `<source id>/<name>`.  People also write `<source name>/<name>`, or the name alone
when only one host has it.
"""

from dataclasses import dataclass

from sqlmodel import Session

from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.model.images import Verdict
from appliance.model.names import HOST_NAME
from appliance.store import inventory


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A host that exists, or will once its source was looked at."""

    id: str
    name: str
    verdict: Verdict | None


def host_named(desk: Desk, session: Session, text: str, *, where: str = "host") -> FoundHost:
    """The host somebody means.  Raises Refused or Unknown at `where`."""
    text = text.strip()
    verdicts = desk.reads.verdicts()
    known = {view.id: view.name for view in desk.reads.sources()}
    in_force = [verdict for verdict in verdicts if verdict.host.rpartition("/")[0] in known]
    if "/" in text:
        return _by_path(session, text, in_force, where)
    matching = [verdict for verdict in in_force if verdict.name == text]
    if len(matching) > 1:
        sources = " or ".join(f"{known[v.host.rpartition('/')[0]]}/{text}" for v in matching)
        raise Refused(problem(f"More than one source has a host {text}. Write {sources}.", where))
    if not matching:
        names = ", ".join(sorted({verdict.name for verdict in in_force})[:12])
        has = f"There are {names}." if names else "No source has shown its hosts yet."
        raise Unknown(problem(f"No host is named {text!r}. {has}", where))
    return FoundHost(matching[0].host, text, matching[0])


def bootable(found: FoundHost, specialisation: str | None = None, *, where: str = "host") -> None:
    """Raise Refused when the host can never boot, or has no such specialisation."""
    verdict = found.verdict
    if verdict is None:
        return
    if verdict.kind == "not-bootable":
        why = verdict.reason or "Look at its findings."
        raise Refused(problem(f"{found.name} cannot be booted. {why}", where))
    if specialisation and verdict.kind != "looking":
        names = verdict.specialisations
        if specialisation not in names:
            has = f"It has {', '.join(names)}." if names else "It has none."
            raise Refused(
                problem(
                    f"{found.name} has no specialisation {specialisation!r}. {has}",
                    "specialisation",
                )
            )


def _by_path(session: Session, text: str, verdicts: list[Verdict], where: str) -> FoundHost:
    source_text, _, name = text.partition("/")
    source = inventory.source(session, source_text)
    if source is None:
        raise Unknown(problem(f"No source is named {source_text!r}.", where))
    ident = f"{source.id}/{name}"
    theirs = {one.host: one for one in verdicts if one.host.startswith(f"{source.id}/")}
    if ident in theirs:
        return FoundHost(ident, name, theirs[ident])
    if theirs:
        names = ", ".join(sorted(one.name for one in theirs.values())[:12])
        raise Unknown(problem(f"{source.name} has no host {name!r}. It has {names}.", where))
    if not HOST_NAME.fullmatch(name):
        raise Refused(problem(f"{name!r} is not a host's name.", where))
    return FoundHost(ident, name, None)
