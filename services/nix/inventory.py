"""One moment of nixie.db, as the pipeline needs it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.model.builders import Builder
from appliance.store.inventory_view import (
    MachineView,
    MenuView,
    SourceView,
    UnknownView,
    Wish,
    allowed_directories,
    builders,
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

    def source(self, ident: str) -> SourceView | None:
        """The source of that id, while it is in force."""
        return next((one for one in self.sources if one.id == ident), None)


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
            ),
            wishes(connection, "build", after),
        )
    finally:
        connection.execute("COMMIT")


def look_options(source: SourceView) -> str:
    """How the hosts of a source are looked at, as it is noted with each verdict."""
    return f"built={source.as_built} ifd={source.allow_ifd}"


def options(source: SourceView) -> tuple[object, ...]:
    """What makes a source worth another look when it changes."""
    return (
        source.url,
        source.trust,
        source.as_built,
        source.allow_ifd,
        source.credential,
        source.files,
    )
