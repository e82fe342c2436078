"""Is the hardware sufficient for a build: time, disk, memory and processor, each with the way out.

A dry run, what this machine has and what earlier builds took in, sentences out.  Figures are said
in round numbers: nothing here is known better than that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.model.outlook import BAD, OK, WARN, Need
from appliance.store.outlooks import Timing
from services.nix.shortage import UNITS, Forecast, amount

MINUTE, HOUR = 60.0, 3_600.0
MEBIBYTE = UNITS["MiB"]
NEWEST = 5
"""How many timed builds say how long the next one takes."""
ALIKE = 3.0
"""Builds whose number of derivations differs by no more than this factor took the same disk."""
LEAST_SHARE, LARGEST_SHARE = 0.25, 4.0
"""How far the number of derivations may shorten or stretch what a host's own builds took."""
UNFINISHED = 1.25
"""What a build that did not fit needs, rather too little, as a multiple of what it took."""
DERIVATION_SECONDS = 3.0
PACKED_PER_SECOND = 8.0 * MEBIBYTE  # of a squashfs, by one processor
PACKED_SHARE = 0.5
"""Part of its unpacked size that a squashfs has, rather too large."""
SLOW_BYTES_PER_SECOND = 20.0 * MEBIBYTE
TIGHT = 0.7
"""Part of what there is from which on it is said to be tight."""
LONG_SECONDS = HOUR
USUAL_EVALUATION = 2 * UNITS["GiB"]
"""Of a NixOS host with what most have; NixOS/nix#5200 has 1.8 to 2 GiB."""
USUAL_IMAGE = 10 * UNITS["GiB"]
"""A rule of thumb, not measured: twice a closure of 4 GiB, and room for the next image."""

GUESSES: tuple[tuple[float, str], ...] = (
    (10 * MINUTE, "some minutes"),
    (45 * MINUTE, "half an hour"),
    (3 * HOUR, "an hour or more"),
)
"""Up to so many seconds, a guess is said so; longer ones are several hours."""

ADD_BUILDER = ("Add a builder", "/builders")
MAKE_ROOM = ("See what can go", "/storage")


@dataclass(frozen=True, slots=True)
class Here:
    """What this router has; sizes in bytes."""

    processors: int
    memory: int
    builds_memory: int | None  # what all builds together may take, None without a limit
    free: int  # on the disk of the store, garbage included
    write: float | None = None  # bytes per second that it takes, None when that is not known


@dataclass(frozen=True, slots=True)
class Demand:
    """One host that is to be built; sizes in bytes."""

    host: str
    forecast: Forecast
    last: int = 0  # of its newest image
    evaluation: int = 0  # held at its most, 0 unknown
    builder: str = ""  # who is asked first, "" for this router
    nobody: str = ""  # why nobody can build it
    systems: tuple[str, ...] = ()  # that are the reason


def outlook(demand: Demand, here: Here, timings: Sequence[Timing]) -> tuple[str, tuple[Need, ...]]:
    """(a few words, every need).  `timings` are of all hosts, the newest first."""
    if demand.nobody:
        short = f"needs a builder for {' and '.join(demand.systems)}"
        return short, (Need(BAD, demand.nobody, *ADD_BUILDER), *_evaluation(demand, here))
    there = [one for one in timings if one.builder == demand.builder]
    own = [one for one in there if one.host == demand.host]
    short, time = _time(demand, here, there)
    room = _room(demand, here, own)
    missing = next((one for one in room if one.kind == BAD), None)
    if missing is not None:
        lacking = disk_needed(demand, own) - here.free
        short = f"needs {amount(lacking)} more disk"
    needs = (*time, *room, *_memory(here, own, demand), *_evaluation(demand, here))
    return short, needs


def of_router(here: Here, evaluator: str = "") -> tuple[str, tuple[Need, ...]]:
    """(a few words, every need) before there is a host: what this router can do itself.

    `evaluator` is who evaluates in its place, "" for nobody.
    """
    needs = (_for_evaluations(here, evaluator), _for_images(here), _for_work(here))
    worst = next((one for one in needs if one.kind != OK), None)
    short = "builds by itself" if worst is None else "has little of something"
    return short, needs


def _for_evaluations(here: Here, evaluator: str) -> Need:
    if evaluator:
        return Need(OK, f"{evaluator} says what the hosts of your flakes are.")
    what = (
        "A NixOS host takes about 2 GiB of memory to evaluate; this router has "
        f"{amount(here.memory)}"
    )
    if here.memory * TIGHT >= USUAL_EVALUATION:
        return Need(OK, f"{what}.")
    return Need(WARN, f"{what}. A builder can evaluate in its place.", *ADD_BUILDER)


def _for_images(here: Here) -> Need:
    what = f"{amount(here.free)} are free for what is built and for images"
    if here.free >= USUAL_IMAGE:
        return Need(OK, f"{what}.")
    more = f"; a host of some size takes {amount(USUAL_IMAGE)} while its image is made."
    return Need(WARN, f"{what}{more}", *MAKE_ROOM)


def _for_work(here: Here) -> Need:
    processors = f"{here.processors} processors" if here.processors > 1 else "One processor"
    has = [processors]
    if here.builds_memory:
        has.append(f"{amount(here.builds_memory)} of memory for builds")
    if here.write:
        has.append(f"a disk that takes {amount(int(here.write))} a second")
    what = f"{', '.join(has[:-1])} and {has[-1]}" if has[1:] else has[0]
    if here.write and here.write < SLOW_BYTES_PER_SECOND:
        return Need(WARN, f"{what}, which is slow. A builder has its own.", *ADD_BUILDER)
    return Need(OK, f"{what}. What a cache has is not built, only fetched.")


def expected_seconds(derivations: int, host: str, timings: Iterable[Timing]) -> float | None:
    """How long building so many derivations takes by what builds took there, None before any.

    The host's own builds say it; without any, the others' time for one derivation.
    """
    whole = [one for one in timings if one.whole]
    own = [one for one in whole if one.host == host][:NEWEST]
    if own:
        usual = max(1.0, median(one.derivations for one in own))
        share = min(max(derivations / usual, LEAST_SHARE), LARGEST_SHARE)
        return float(median(one.seconds for one in own)) * share
    each = [one.seconds / max(1, one.derivations) for one in whole[: 2 * NEWEST]]
    return float(median(each)) * derivations if each else None


def guessed_seconds(told: Forecast, last: int, here: Here) -> float:
    """How long a first build may take, by what it makes and what there is to make it with."""
    packed = last or told.fetched * PACKED_SHARE
    packing = packed / (PACKED_PER_SECOND * max(1, here.processors))
    return told.derivations * DERIVATION_SECONDS + packing + written_seconds(told, last, here.write)


def written_seconds(told: Forecast, last: int, write: float | None) -> float:
    """How long the disk alone takes; 0 when its speed is not known."""
    size = told.fetched + (last or told.fetched * PACKED_SHARE if told.builds else 0)
    return size / write if write else 0.0


def disk_needed(demand: Demand, own: Sequence[Timing]) -> int:
    """Bytes of the store's disk that a build takes at its worst.

    What a builder made lies here twice for a moment.
    """
    if demand.builder:
        return 2 * demand.last
    told = demand.forecast
    if not told.builds:
        return told.fetched
    least = told.fetched + (demand.last or int(told.fetched * PACKED_SHARE))
    newest = next(iter(own), None)
    if newest is None:
        return least
    few, many = sorted((max(1, newest.derivations), max(1, told.derivations)))
    if not newest.whole:
        return max(least, int(newest.disk * UNFINISHED))
    return max(least, newest.disk if many <= few * ALIKE else 0)


def about(seconds: float) -> str:
    """A time nobody can know better.

    >>> about(20), about(70), about(700), about(2_500), about(5_000), about(12_000)
    ('less than a minute', 'about a minute', 'about 12 minutes', 'about 40 minutes', \
'about an hour and a half', 'about 3 hours')
    """
    minutes = round(seconds / MINUTE)
    if seconds < 45:
        return "less than a minute"
    if minutes < 2:
        return "about a minute"
    if minutes < 20:
        return f"about {minutes} minutes"
    if minutes < 55:
        return f"about {5 * round(minutes / 5)} minutes"
    if minutes < 75:
        return "about an hour"
    return "about an hour and a half" if minutes < 105 else f"about {round(minutes / 60)} hours"


def guess(seconds: float) -> str:
    """A time that was never measured.

    >>> guess(100), guess(1_500), guess(50_000)
    ('some minutes', 'half an hour', 'several hours')
    """
    return next((said for most, said in GUESSES if seconds <= most), "several hours")


def _time(demand: Demand, here: Here, there: Sequence[Timing]) -> tuple[str, tuple[Need, ...]]:
    told, where = demand.forecast, f"on {demand.builder}" if demand.builder else "here"
    seconds = expected_seconds(told.derivations, demand.host, there)
    if not told.builds:
        return _nothing_built(demand, there)
    home = " Only its image comes home." if demand.builder else ""
    if seconds is None:
        if demand.builder:
            return f"builds {where}", (Need(OK, f"Builds {where}; no build was timed yet.{home}"),)
        seconds, said = _guessed(demand, here)
        words = f"{guess(seconds)} {where}, at a guess"
        needs: tuple[Need, ...] = (_slow_or_not(said, seconds, demand.builder),)
    else:
        words = f"{about(seconds)} {where}"
        what = f"Builds {where} in {about(seconds)}.{home}"
        needs = (_slow_or_not(what, seconds, demand.builder),)
    return words, (*needs, *(() if demand.builder else _fetched(demand, here)))


def median(figures: Iterable[float]) -> float:
    """The middle one of some figures, or between the two; the library for it weighs 1 MB.

    >>> median([5, 1, 2]), median([4, 1, 2, 3])
    (2, 2.5)
    """
    ordered = sorted(figures)
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def _nothing_built(demand: Demand, there: Sequence[Timing]) -> tuple[str, tuple[Need, ...]]:
    told = demand.forecast
    if told.fetched:
        down = amount(told.download or told.fetched)
        return f"fetches {down}", (Need(OK, f"Fetches {down}, builds nothing."),)
    own = [one.seconds for one in there if one.host == demand.host and one.whole][:NEWEST]
    if not own:
        return "nothing to build", (Need(OK, "Everything is here: there is nothing to build."),)
    last = about(median(own))
    where = f"on {demand.builder}" if demand.builder else "here"
    what = f"Everything of this revision is here. Its last builds took {last} {where}."
    return f"{last} {where}", (Need(OK, what),)


def _guessed(demand: Demand, here: Here) -> tuple[float, str]:
    told = demand.forecast
    seconds = guessed_seconds(told, demand.last, here)
    many = f"{told.derivations} derivation{'s' if told.derivations != 1 else ''}"
    on = f"{here.processors} processor{'s' if here.processors != 1 else ''}"
    return seconds, (
        f"Builds here, {guess(seconds)} at a guess: {many} on {on}. No build was timed here yet; "
        "the first one says more."
    )


def _slow_or_not(what: str, seconds: float, builder: str) -> Need:
    if seconds < LONG_SECONDS or builder:
        return Need(OK, what)
    return Need(WARN, what, *ADD_BUILDER)


def _fetched(demand: Demand, here: Here) -> tuple[Need, ...]:
    told = demand.forecast
    found = []
    if told.fetched:
        found.append(Need(OK, f"Fetches {amount(told.download or told.fetched)} before that."))
    floor = written_seconds(told, demand.last, here.write)
    if here.write and here.write < SLOW_BYTES_PER_SECOND and floor >= MINUTE:
        found.append(
            Need(
                WARN,
                f"The disk of the store is slow, {here.write / 1e6:.0f} MB/s: writing alone takes "
                f"{about(floor)}. A builder, or another disk for the store, is faster.",
                *ADD_BUILDER,
            )
        )
    return tuple(found)


def _room(demand: Demand, here: Here, own: Sequence[Timing]) -> tuple[Need, ...]:
    wanted, free = disk_needed(demand, own), here.free
    if not wanted:
        return ()
    meanwhile = " while the squashfs is made" if demand.forecast.builds else ""
    if demand.builder:
        meanwhile = " while its image comes home"
    if wanted > free:
        ways = "Plug in a larger disk, or let go of old generations."
        if not demand.builder:
            ways = "Plug in a larger disk, let go of old generations, or let a builder do it."
        what = (
            f"Needs {amount(wanted - free)} more disk{meanwhile}: about {amount(wanted)}, and "
            f"{amount(free)} are free. {ways}"
        )
        return (Need(BAD, what, *MAKE_ROOM),)
    what = f"Takes about {amount(wanted)} of the disk{meanwhile}; {amount(free)} are free."
    if wanted > TIGHT * free:
        return (Need(WARN, what, *MAKE_ROOM),)
    return () if demand.builder else (Need(OK, what),)


def _memory(here: Here, own: Sequence[Timing], demand: Demand) -> tuple[Need, ...]:
    newest = next(iter(own), None)
    limit = here.builds_memory or here.memory
    if newest is None or demand.builder or newest.memory <= TIGHT * limit:
        return ()
    what = (
        f"Its last build held {amount(newest.memory)} of memory, of {amount(limit)} that builds "
        "may take here. A builder has its own."
    )
    return (Need(WARN, what, *ADD_BUILDER),)


def _evaluation(demand: Demand, here: Here) -> tuple[Need, ...]:
    if not demand.evaluation:
        return ()
    what = f"Needs {amount(demand.evaluation)} to evaluate; this router has {amount(here.memory)}."
    if demand.evaluation <= TIGHT * here.memory:
        return (Need(OK, what),)
    ways = "Let a builder evaluate, give it more memory, or split what the host imports."
    return (Need(WARN, f"{what} {ways}", *ADD_BUILDER),)
