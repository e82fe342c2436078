"""One moment of nixie.db, as the pipeline needs it."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.model.builders import Builder
from appliance.model.caches import Cache
from appliance.model.foreign import Source, fetchers
from appliance.model.storage import USUAL
from appliance.model.trust import treatment
from appliance.store.inventory_view import (
    MachineView,
    MenuView,
    SourceView,
    UnknownView,
    Wish,
    allowed_directories,
    builders,
    caches,
    keep,
    machines,
    menus,
    sources,
    unknowns,
    wishes,
)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sources, machines and menus that belong together."""

    sources: Sequence[SourceView] = ()
    machines: Sequence[MachineView] = ()
    menus: Sequence[MenuView] = ()
    unknowns: Sequence[UnknownView] = ()
    allowed: Sequence[str] = ()
    builders: Sequence[Builder] = ()
    caches: Sequence[Cache] = ()
    keep: int = USUAL  # generations of each host

    def source(self, ident: str) -> SourceView | None:
        """The source of that id, while it is in force."""
        return next((one for one in self.sources if one.id == ident), None)

    @property
    def elsewhere(self) -> frozenset[str]:
        """The sources that are built on builders only."""
        return frozenset(one.id for one in self.sources if one.only_builders)

    @property
    def fetchers(self) -> Mapping[str, str]:
        """Source → the user that fetches for it, where that is one of its own."""
        return fetchers(Source(one.id, one.url, one.reach) for one in self.sources)


def moment(connection: sqlite3.Connection, after: int) -> tuple[Inventory, list[Wish]]:
    """Inventory and the wishes after the cursor, all of one moment.  Raises sqlite3.Error."""
    connection.execute("BEGIN")
    try:
        return (
            Inventory(
                sources=sources(connection),
                machines=machines(connection),
                menus=menus(connection),
                unknowns=unknowns(connection),
                allowed=allowed_directories(connection),
                builders=builders(connection),
                caches=caches(connection),
                keep=keep(connection),
            ),
            wishes(connection, "build", after),
        )
    finally:
        connection.execute("COMMIT")


def builds_looks(source: SourceView) -> bool:
    """Whether this router may build what a look at the source imports from a derivation."""
    allowed = treatment(source.trust).building_looks and not source.only_builders
    return source.allow_ifd and allowed


def look_options(source: SourceView) -> str:
    """How the hosts of a source are looked at, as it is noted with each verdict."""
    return f"built={source.as_built} ifd={builds_looks(source)}"


def options(source: SourceView) -> tuple[object, ...]:
    """What makes a source worth another look when it changes."""
    how = (source.as_built, builds_looks(source), source.credential, source.reach, source.files)
    return (source.url, source.trust, *how)
