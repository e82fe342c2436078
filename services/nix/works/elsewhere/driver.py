"""DOOR: one builder after another is asked for a build, each when it has nothing else to do."""

from collections.abc import Callable, Collection, Sequence

from appliance.errors import Unreachable
from appliance.model.builders import Builder
from appliance.store import builder_states
from appliance.store.builds import BuildRow
from services.nix.desk import Desk
from services.nix.driver import Hear
from services.nix.recipe import Recipe
from services.nix.remote.choice import ready
from services.nix.remote.driver import Made, built_there
from services.nix.works.progress.driver import Progress, began, waits


async def built_on_one(
    desk: Desk,
    row: BuildRow,
    there: Sequence[Builder],
    systems: Collection[str],
    made: Recipe,
    hear: Hear,
    say: Callable[[str], None],
    progress: Progress,
) -> Made | None:
    """What one of `there` made of a build for `systems`; None when none of them does."""
    left = {one.id: one for one in there}
    while left:
        waits(desk, progress, left)
        async with desk.places.one_of(*left) as free:
            builder = left.pop(free)
            if not ready(desk.builders, builder_states.states(desk.database), systems, free):
                continue  # switched off or gone meanwhile
            began(desk, progress)
            try:
                done = await built_there(desk, row, builder, made, hear, say)
            except Unreachable as why:  # the broker, without which nobody is asked
                say(str(why))
                return None
        if done is not None:
            return done
    return None
