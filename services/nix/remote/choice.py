"""Who builds: the builders that can and are there, else this router, else nobody, and why."""

from collections.abc import Collection, Mapping, Sequence

from appliance.model.builders import Builder, able
from appliance.store.builder_states import READY, BuilderState


def ready(
    builders: Sequence[Builder],
    states: Mapping[str, BuilderState],
    systems: Collection[str],
    only: str = "",
) -> tuple[Builder, ...]:
    """Builders of whole builds for `systems` that are there, the one to ask first before the
    others; `only` the one of that id, if it is given."""
    found = (one for one in able(builders, systems) if not one.shares and only in ("", one.id))
    return tuple(one for one in found if _is_there(one, states))


def places(builders: Sequence[Builder], states: Mapping[str, BuilderState]) -> int:
    """How many builds may go on at once: one here, and one on each builder of whole builds."""
    return 1 + len(ready(builders, states, ()))


def helpers(builders: Sequence[Builder], states: Mapping[str, BuilderState]) -> tuple[Builder, ...]:
    """Builders that are there and share what this router builds."""
    return tuple(one for one in able(builders, ()) if one.shares and _is_there(one, states))


def evaluators(
    builders: Sequence[Builder], states: Mapping[str, BuilderState]
) -> tuple[Builder, ...]:
    """Builders that are there and say what the hosts of a flake are."""
    return tuple(one for one in able(builders, ()) if one.evaluates and _is_there(one, states))


def served(found: Sequence[Builder]) -> frozenset[str]:
    """The systems that these build for."""
    return frozenset(system for one in found for system in one.systems)


def by_features(found: Sequence[Builder], features: Collection[str]) -> tuple[Builder, ...]:
    """In the order to ask them: those that have `features` first, then those that lack the fewest.

    Nobody is left out: what a cache has is required of nobody.
    """
    wanted = set(features)
    return tuple(sorted(found, key=lambda one: len(wanted - set(one.features))))


def nobody(
    builders: Sequence[Builder],
    states: Mapping[str, BuilderState],
    systems: Collection[str],
    here: Collection[str],
) -> str:
    """Why nobody can build for `systems`; `here` are those of this router, which may not."""
    systems = set(systems) - set(here) or set(systems)
    wanted = ", ".join(sorted(systems))
    may = (
        "its source is built on builders only"
        if systems <= set(here)
        else ("this router cannot build for it")
    )
    needs = f"It needs a builder for {wanted}: {may}"
    others = [one for one in builders if set(systems) <= set(one.systems)]
    if not others:
        return f"{needs}, and no builder does. Add one under Builders."
    said = [f"{one.name}: {_why(one, states.get(one.id))}" for one in others]
    return f"{needs}, and no builder for it is ready. {' '.join(said)}"


def _is_there(builder: Builder, states: Mapping[str, BuilderState]) -> bool:
    return builder.id in states and states[builder.id].state == READY


def _why(builder: Builder, state: BuilderState | None) -> str:
    if not builder.enabled:
        return "it is switched off."
    if not builder.host_key:
        return "its host key waits to be compared, under Builders."
    return (state.what if state else "") or "it was not tried yet."
