"""nixie.db: the inventory, the revisions, what was asked of the network."""

from dataclasses import replace

from appliance.model.builders import Builder
from appliance.model.caches import Cache
from appliance.model.notices import Channel
from appliance.model.public_names import PublicName
from appliance.model.storage import USUAL
from appliance.store import inventory_view, once
from appliance.store.inventory_view import (
    Author,
    DeviceView,
    DraftView,
    MachineView,
    MenuView,
    RevisionView,
    SourceView,
    UnknownView,
    Wish,
)
from appliance.store.looks.open import Files
from appliance.store.once import OnceRow


class InventoryLooks(Files):
    """What `web` wrote."""

    def sources(self) -> list[SourceView]:
        """Sources in force."""
        return self.look("nixie", inventory_view.sources, [])

    def machines(self) -> list[MachineView]:
        """Machines in force."""
        found: list[MachineView] = self.look("nixie", inventory_view.machines, [])
        if not any(one.once for one in found):
            return found
        had: dict[str, OnceRow] = self.look("boot", once.every, {})
        return [replace(one, had=had.get(one.once.id)) if one.once else one for one in found]

    def kept_by_hold(self, machine: str) -> str | None:
        """The kind of intent that a release brings back."""
        return self.look("nixie", lambda file: inventory_view.kept_by_hold(file, machine), None)

    def device_views(self) -> list[DeviceView]:
        """Devices that the owner named or blocked."""
        return self.look("nixie", inventory_view.devices, [])

    def keep(self) -> int:
        """How many generations of each host stay."""
        return self.look("nixie", inventory_view.keep, USUAL)

    def menus(self) -> list[MenuView]:
        """Menus in force."""
        return self.look("nixie", inventory_view.menus, [])

    def unknowns(self) -> list[UnknownView]:
        """What unknown machines get."""
        return self.look("nixie", inventory_view.unknowns, [])

    def allowed_directories(self) -> list[str]:
        """Where local sources may lie."""
        return self.look("nixie", inventory_view.allowed_directories, [])

    def revision(self, number: int | None = None) -> RevisionView | None:
        """One configuration by number, or the newest."""
        if number is None:
            return self.look("nixie", inventory_view.newest_revision, None)
        return self.look("nixie", lambda file: inventory_view.revision(file, number), None)

    def revision_heads(self) -> list[tuple[int, str, float]]:
        """(number, author, Unix seconds) of every configuration, newest first."""
        return self.look("nixie", inventory_view.revision_heads, [])

    def channels(self) -> list[Channel]:
        """Where the owner is told of things."""
        return self.look("nixie", inventory_view.channels, [])

    def public_names(self) -> list[PublicName]:
        """Names on the internet that follow this router."""
        return self.look("nixie", inventory_view.public_names, [])

    def caches(self) -> list[Cache]:
        """The binary caches, in the order in which they are asked."""
        return self.look("nixie", inventory_view.caches, [])

    def builders(self) -> list[Builder]:
        """Other computers that build for this router."""
        return self.look("nixie", inventory_view.builders, [])

    def draft(self, account: str) -> DraftView | None:
        """The change that is being prepared."""
        return self.look("nixie", lambda file: inventory_view.draft(file, account), None)

    def wish(self, ident: str) -> Wish | None:
        """Something that a role was asked to do."""
        return self.look("nixie", lambda file: inventory_view.wish(file, ident), None)

    def author_of(self, wish: str) -> Author | None:
        """Who asked for a change, by its id."""
        return self.look("nixie", lambda file: inventory_view.author(file, wish), None)

    def is_kept_soon(self, change: str) -> bool:
        """Was it asked already that this change be kept?"""
        return self.look("nixie", lambda file: inventory_view.is_asked(file, "keep", change), False)

    def last_apply(self) -> Wish | None:
        """The newest wish to apply a revision."""
        return self.look("nixie", lambda file: inventory_view.newest_wish(file, *APPLY), None)

    def blocking_paused_until(self) -> float:
        """When the newest pause of blocking ends or ended, in Unix seconds; 0 without one."""
        return self._until("pause")

    def questions_noted_until(self) -> float:
        """Until when it was asked last that questions be put down, in Unix seconds; or 0."""
        return self._until("note")

    def trace_asked(self) -> Wish | None:
        """The newest wish to trace packets, or to stop that."""
        return self.look("nixie", lambda file: inventory_view.newest_wish(file, *TRACE), None)

    def _until(self, verb: str) -> float:
        wish = self.look("nixie", lambda file: inventory_view.newest_wish(file, "dns", verb), None)
        return float(wish.body["until"]) if wish else 0.0


APPLY, TRACE = ("net", "apply"), ("net", "trace")
