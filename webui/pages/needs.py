"""What wants the owner, worst first; each with one thing to press."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.diagnosis import named
from appliance.store.boots import BootRow, HeldRow
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from webui import phrases


@dataclass(frozen=True, slots=True)
class Need:
    """One line: `subject` is a link, `what` goes on from it, `under` says since when."""

    kind: str  # "bad", "new", "warn"
    label: str  # the shape in a word
    subject: str
    href: str
    what: str
    under: str
    press: str


def needs(
    last: Sequence[BootRow],
    called: Mapping[str, str],
    held: Sequence[HeldRow],
    builds: Sequence[BuildRow],
    sources: Sequence[SourceView],
    known: Mapping[str, SourceStateRow],
    now: float,
    troubles: Sequence[str] = (),
) -> tuple[Need, ...]:
    """`last` is the newest boot of each machine, `builds` the newest first."""
    return (
        *(_trouble(what) for what in troubles),
        *(_short(boot, called, now) for boot in last if boot.state == "short"),
        *_unbuilt(builds, now),
        *_waiting(held),
        *_unreadable(sources, known, now),
    )


def _trouble(what: str) -> Need:
    """A part of the router that does not work; it is tried again by itself."""
    return Need(
        kind="bad",
        label="Not running",
        subject="",
        href="/",
        what=phrases.capital(what),
        under="It is tried again by itself. The rest of the router goes on.",
        press="Look again",
    )


def _short(boot: BootRow, called: Mapping[str, str], now: float) -> Need:
    name = called.get(boot.mac, boot.mac)
    why = named(boot.diagnosis) if boot.diagnosis else "Its last boot did not get to the end."
    return Need(
        kind="bad",
        label="Fell short",
        subject=name,
        href=f"/boots/{boot.id}",
        what=f"fell short. {phrases.sentence(why)}",
        under=phrases.sentence(phrases.ago(now - boot.began_at)),
        press="See why",
    )


def _unbuilt(builds: Sequence[BuildRow], now: float) -> tuple[Need, ...]:
    newest: dict[str, BuildRow] = {}
    for build in builds:
        newest.setdefault(build.host, build)
    return tuple(
        Need(
            kind="bad",
            label="Not built",
            subject=build.name,
            href=f"/builds/{build.id}",
            what=f"could not be built. {_first(build.what)}".strip(),
            under=f"{phrases.sentence(phrases.ago(now - (build.ended_at or now)))}"
            " What was published before is still served.",
            press="See the log",
        )
        for build in newest.values()
        if build.state == "failed"
    )


def _waiting(held: Sequence[HeldRow]) -> tuple[Need, ...]:
    if not held:
        return ()
    one = len(held) == 1
    return (
        Need(
            kind="new",
            label="New",
            subject="",
            href="/machines",
            what="A machine you have not met is waiting to boot."
            if one
            else phrases.sentence(
                f"{phrases.counted(len(held), 'machine')} you have not met are waiting to boot"
            ),
            under="It shows a code on its screen." if one else "Each shows a code on its screen.",
            press="Meet it" if one else "Meet them",
        ),
    )


def _unreadable(
    sources: Sequence[SourceView], known: Mapping[str, SourceStateRow], now: float
) -> tuple[Need, ...]:
    found = []
    for source in sources:
        state = known.get(source.id)
        if state is None or state.state != "unreadable":
            continue
        when = phrases.sentence(phrases.ago(now - state.checked_at)) if state.checked_at else ""
        found.append(
            Need(
                kind="warn",
                label="Warning",
                subject=source.name,
                href=f"/sources/{source.id}",
                what=f"could not be read. {_first(state.what)}".strip(),
                under=f"{when} What was published before is still served.".strip(),
                press="Look at it",
            )
        )
    return tuple(found)


def _first(text: str, most: int = 160) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
