"""DOOR: `published/closures/`: what the system of an image is made of, beside its manifest.

For comparing alone: where nobody can say it, the image is published without, and a note that cannot
be written fails nothing.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from appliance.errors import NixieError
from appliance.model.closures import Closure, to_json
from appliance.model.images import Image
from services.nix.desk import Desk
from services.nix.path_sizes import read
from services.nix.publish.driver import write
from services.nix.questions import print_contents
from services.nix.recipe import Recipe

Closures = Mapping[str, Closure]
"""By toplevel."""


async def made_here(desk: Desk, made: Recipe) -> Closures:
    """Of a host and its specialisations, as far as our store has their systems."""
    found: dict[str, Closure] = {}
    for path in _systems(made):
        with suppress(NixieError, OSError, ValueError):
            found[path] = read(await desk.nix.said(print_contents(desk.nix.store, path)))
    return found


async def made_there(desk: Desk, builder: Mapping[str, object], made: Recipe) -> Closures:
    """Of those that a builder has built, as the broker's verbs take it; asked until it does not
    answer."""
    found: dict[str, Closure] = {}
    with suppress(NixieError, ValueError):
        for path in _systems(made):
            answer = await desk.nix.ask_once("builder-closure", {**builder, "paths": [path]})
            if not answer.good:
                break
            found[path] = read(answer.out)
    return found


def note(desk: Desk, images: Iterable[Image], known: Closures) -> None:
    """Write down those that are known."""
    for image in images:
        closure = known.get(image.toplevel)
        if closure:
            with suppress(OSError):
                write(desk.published / "closures" / f"{image.id}.json", to_json(closure))


def _systems(made: Recipe) -> tuple[str, ...]:
    return tuple(one.toplevel for one in (made, *made.specialisations.values()))
