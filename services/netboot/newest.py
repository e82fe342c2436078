"""Whether a machine still waits for the newest image of its host, and what its screen says of that.

Pure.  It waits until the source was looked at since it asked, what came of that is built, and the
table of the machines knows it; but never longer than its owner said.  What fails is waited for no
more: then the last good generation is served.
"""

from dataclasses import dataclass

from appliance.store.builds import BuildRow, SourceStateRow

LOOKING = frozenset({"fetching", "looking"})
BUILDING = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a host's source and its newest build are."""

    source: SourceStateRow | None
    build: BuildRow | None


def waits(stand: Stand, since: float, now: float, most: float, table_at: float) -> str:
    """What is being done, as a sentence; "" when the machine waits no longer.

    It asked at `since`, may wait `most` seconds, and the table is of `table_at`.
    """
    source, build = stand.source, stand.build
    if source is None or not since <= now < since + most:
        return ""
    if build is not None and build.state in BUILDING:
        return _building(build)
    if source.state in LOOKING or (source.checked_at or 0.0) < since:
        return "The router looks whether there is something newer."
    done = max(source.checked_at or 0.0, (build.ended_at if build else None) or 0.0)
    return "The newest image is being published." if table_at < done else ""


def _building(build: BuildRow) -> str:
    if build.state == "queued":
        return f"{build.name} waits to be built."
    if build.expected <= 0:
        return f"{build.name} is being built."
    share = 100 * min(build.done, build.expected) // build.expected
    return f"{build.name} is being built: {build.done} of {build.expected} ({share} %)."


def instead(since: float, now: float, most: float, generation: int) -> str:
    """When the machine goes on whatever comes, as a sentence."""
    minutes = max(1, round((since + most - now) / 60))
    unit = "minute" if minutes == 1 else "minutes"
    return f"It starts with that, or in {minutes} {unit} with generation {generation}."
