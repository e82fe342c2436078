"""Which generation a host serves: on trial, good, bad, pinned, unwatched.

Pure.  An image is *on trial* until a machine phoned home with it; then it is *good*.  It is *bad*
once it fell short FAILURES times on one machine and never came up on any, or when the owner rolled
back from it.  Where other machines run it well it stays good for them, and only the machine on
which it fell short gets an earlier one.  What is served without our client module is *unwatched*:
nobody can hear it, so its silence says nothing.

A boot counts as a failure only when everything was sent, nothing was heard, and the firmware came
back to DHCP, or when the host itself says that a unit which it names in `nixie.health.units` is not
active; `services.netboot.attempts` knows when that is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

FAILURES = 2
"""The third boot is the last good one's.  Firmware that came back twice was not a power cut."""

STATES = ("trial", "good", "bad", "unwatched")


class Published(Protocol):
    """A generation as `build` published it; `state` is one of STATES but never bad."""

    @property
    def image(self) -> str:
        """Image id."""

    @property
    def state(self) -> str:
        """What it was published as, or was found good to be."""

    @property
    def specialisations(self) -> Mapping[str, str]:
        """Name → image id."""


One = TypeVar("One", bound=Published)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one machine made of one image; `boot` is its last failure's id, "" without one."""

    ups: int = 0
    failures: int = 0  # since it was put on trial
    boot: str = ""

    @property
    def failed(self) -> bool:
        """It does not run there."""
        return self.ups == 0 and self.failures >= FAILURES


@dataclass(frozen=True, slots=True)
class Standings:
    """What machines made of images, and what the owner decided."""

    tallies: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)
    """Image → machine (see `whose`) → tally."""
    pins: Mapping[str, str] = field(default_factory=dict)  # host → image
    aside: frozenset[str] = frozenset()  # images that the owner rolled back from

    def state(self, image: str, published: str) -> str:
        """How an image stands: one of STATES."""
        if image in self.aside:
            return "bad"
        tallies = self.tallies.get(image, {}).values()
        if published == "unwatched":
            return published
        if published == "good" or any(one.ups for one in tallies):
            return "good"
        return "bad" if any(one.failed for one in tallies) else "trial"

    def failed_on(self, image: str, machine: str) -> bool:
        """Whether that machine cannot run it, whatever others can."""
        return self.tallies.get(image, {}).get(machine, Tally()).failed

    def worst(self, image: str) -> Tally | None:
        """The tally of a machine on which it failed, the one with the most failures."""
        failed = [one for one in self.tallies.get(image, {}).values() if one.failed]
        return max(failed, key=lambda one: one.failures, default=None)


NOTHING_KNOWN = Standings()


def whose(machine: str | None, network: str, mac: str) -> str:
    """Whom a boot is counted for: the machine with that id, or a MAC nobody named.

    >>> whose("m1", "lan", "52:54:00:00:77:01"), whose(None, "lan", "52:54:00:00:77:01")
    ('m1', 'lan|52:54:00:00:77:01')
    """
    return machine or f"{network}|{mac}"


def booted(generation: Published, specialisation: str | None) -> str:
    """The image that is booted of a generation, "" when it has no such specialisation."""
    if specialisation is None:
        return generation.image
    return generation.specialisations.get(specialisation, "")


def images_of(generation: Published) -> tuple[str, ...]:
    """Every image of a generation, its own first."""
    return (generation.image, *generation.specialisations.values())


def served(
    generations: Sequence[One],
    standings: Standings,
    host: str,
    machine: str = "",
    *,
    boots: Callable[[One], str] = lambda one: one.image,
    there: Callable[[str], object] = bool,
) -> One | None:
    """The generation that a machine of `host` gets, None when there is none to give.

    `generations` come newest first.  `boots` names the image of one that this machine would boot
    ("" when it has none: a specialisation), `there` says whether an image can be served at all.

    The pinned one, whatever it did.  Else the newest, unless it is bad or failed on this machine;
    then the newest good one, and without any the newest that may yet prove itself.  A machine on
    which every one failed goes on with the newest that is good elsewhere.
    """
    found = [one for one in generations if boots(one) and there(boots(one))]
    pinned = standings.pins.get(host)
    for one in found:
        if one.image == pinned:
            return one
    states = {boots(one): standings.state(boots(one), _published(one, boots(one))) for one in found}
    good = [one for one in found if states[boots(one)] == "good"]
    fit = [
        one
        for one in found
        if states[boots(one)] != "bad" and not standings.failed_on(boots(one), machine)
    ]
    if fit and fit[0] is found[0]:
        return fit[0]
    order = [*(one for one in fit if one in good), *fit, *good]
    return order[0] if order else None


def _published(generation: Published, image: str) -> str:
    """What is known of one of its images beside tallies: a specialisation proves itself."""
    own = image == generation.image or generation.state == "unwatched"
    return generation.state if own else "trial"
