"""Every role's file, opened to look: what pages, the API and actions know of the router.

A role that has not started yet has no file: its lists are empty, its single rows None.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from appliance.errors import Unreachable
from appliance.events import KINDS
from appliance.model.images import Image, Verdict, image_from_json
from appliance.model.slices import Slices
from appliance.store import boot_history, boots, builds, inventory_view, journal, leases, trials
from appliance.store.boots import BootRow, HeldRow, StepRow
from appliance.store.builds import BuildRow, GenerationRow, RevisionRow, SourceStateRow
from appliance.store.leases import LeaseRow, Trouble
from appliance.store.logs.open import LogRange, log_range
from appliance.store.open import reader
from appliance.store.standing.open import full, standings

HELD_SECONDS = 60
"""A machine that stopped asking this long ago no longer waits."""

FILES = ("nixie", "net", "leases", "boot", "build")

Found = TypeVar("Found")
_NONE: list[journal.Entry] = []


class Reads:
    """The state directory, read-only."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @contextmanager
    def file(self, name: str) -> Iterator[sqlite3.Connection | None]:
        """The file `name`.db for the time of one look; None when its role has not started."""
        path = self.state / f"{name}.db"
        if name not in FILES or not path.exists():
            yield None
            return
        try:
            connection = reader(path)
        except Unreachable:
            yield None
            return
        try:
            yield connection
        finally:
            connection.close()

    def started(self, name: str) -> bool:
        """Whether the role behind that file has made its tables."""
        return self._look(name, lambda _: True, False)

    def troubles(self) -> list[str]:
        """What is wrong with the processes right now, as sentences."""
        space = full(self.state)
        told = (what for one in standings(self.state) for what in one.troubles)
        return list(dict.fromkeys([*([space] if space else []), *told]))

    # nixie.db

    def sources(self) -> list[inventory_view.SourceView]:
        """Sources in force."""
        return self._look("nixie", inventory_view.sources, [])

    def machines(self) -> list[inventory_view.MachineView]:
        """Machines in force."""
        return self._look("nixie", inventory_view.machines, [])

    def kept_by_hold(self, machine: str) -> str | None:
        """The kind of intent that a release brings back."""
        return self._look("nixie", lambda file: inventory_view.kept_by_hold(file, machine), None)

    def menus(self) -> list[inventory_view.MenuView]:
        """Menus in force."""
        return self._look("nixie", inventory_view.menus, [])

    def unknowns(self) -> list[inventory_view.UnknownView]:
        """What unknown machines get."""
        return self._look("nixie", inventory_view.unknowns, [])

    def allowed_directories(self) -> list[str]:
        """Where local sources may lie."""
        return self._look("nixie", inventory_view.allowed_directories, [])

    def revision(self) -> inventory_view.RevisionView | None:
        """The newest numbered config."""
        return self._look("nixie", inventory_view.newest_revision, None)

    # build.db

    def source_states(self) -> dict[str, SourceStateRow]:
        """By source id."""
        return self._look("build", builds.source_states, {})

    def revisions(self, source: str, limit: int = 20) -> list[RevisionRow]:
        """Locked revisions of a source, newest first."""
        return self._look("build", lambda file: builds.revisions(file, source, limit), [])

    def verdicts(self, source: str | None = None) -> list[Verdict]:
        """Hosts, of one source or of all."""
        return self._look("build", lambda file: builds.verdicts(file, source), [])

    def builds(
        self, host: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[BuildRow]:
        """Builds, newest first; older than the one with the id `before`."""
        return self._look(
            "build",
            lambda file: builds.builds(file, host=host, limit=limit, before=before),
            [],
        )

    def builds_under_way(self) -> list[BuildRow]:
        """Builds that run, then those that wait, the oldest first."""
        return self._look("build", builds.under_way, [])

    def builds_over(self, state: str | None = None, limit: int = 50) -> list[BuildRow]:
        """Builds that ended, in that state or in any, newest first."""
        return self._look("build", lambda file: builds.over(file, state=state, limit=limit), [])

    def builds_failing(self) -> list[BuildRow]:
        """Hosts' last builds that failed, newest first."""
        return self._look("build", builds.failing, [])

    def build_counts(self) -> dict[str, int]:
        """How many builds are in each state."""
        return self._look("build", builds.counts, {})

    def build(self, ident: str) -> BuildRow | None:
        """One build."""
        return self._look("build", lambda file: builds.build(file, ident), None)

    def generations(self, host: str | None = None) -> list[GenerationRow]:
        """Images by host, newest first."""
        return self._look("build", lambda file: builds.generations(file, host), [])

    def image(self, ident: str) -> Image | None:
        """A published image; None when there is none, or a newer Nixie wrote it."""
        if not ident.isalnum():
            return None
        path = self.state / "published" / "images" / f"{ident}.json"
        try:
            return image_from_json(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError):
            return None

    def log(self, build: BuildRow, start: int = 0, limit: int = 65536) -> LogRange:
        """A piece of a build's log."""
        if not build.log or "/" in build.log or build.log.startswith("."):
            return LogRange(0, 0, 0, "")
        return log_range(self.state / "logs" / "builds" / build.log, start, limit)

    # boot.db

    def boots(
        self, mac: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[BootRow]:
        """Boots, newest first; older than the one with the id `before`."""
        return self._look(
            "boot", lambda file: boots.boots(file, mac=mac, limit=limit, before=before), []
        )

    def newest_boots(self) -> list[BootRow]:
        """The newest boot of every MAC, newest first."""
        return self._look("boot", boot_history.newest_of_each, [])

    def boots_in_progress(self, states: Collection[str]) -> list[BootRow]:
        """Boots that have not ended and are in one of these states, newest first."""
        found: list[BootRow] = self._look("boot", boots.unended, [])
        return [boot for boot in found if boot.state in states]

    def last_up(self) -> BootRow | None:
        """The newest boot that came up."""
        return self._look("boot", boot_history.last_up, None)

    def boots_since(self, at: float) -> int:
        """How many boots began at that moment or later."""
        return self._look("boot", lambda file: boot_history.began_since(file, at), 0)

    def boot(self, ident: str) -> BootRow | None:
        """One boot."""
        return self._look("boot", lambda file: boots.boot(file, ident), None)

    def steps(self, ident: str) -> list[StepRow]:
        """The steps of one boot."""
        return self._look("boot", lambda file: boots.steps(file, ident), [])

    def steps_of(self, idents: Collection[str]) -> dict[str, list[StepRow]]:
        """The steps of several boots, by their ids."""
        absent: dict[str, list[StepRow]] = {ident: [] for ident in idents}
        return self._look("boot", lambda file: boot_history.steps_of(file, idents), absent)

    def held(self, now: float) -> list[HeldRow]:
        """Machines that wait for the owner right now, without those that were sent away since
        their boot began."""
        since = now - HELD_SECONDS
        rows: list[HeldRow] = self._look("boot", lambda file: boots.held(file, since), [])
        away = self._sent_away(min((row.since for row in rows), default=now))
        key = inventory_view.inbox_key
        return [row for row in rows if row.since > away.get(key(row.network, row.mac), 0.0)]

    def _sent_away(self, since: float) -> dict[str, float]:
        return self._look("nixie", lambda file: inventory_view.forgotten(file, since), {})

    def missing_loaders(self) -> tuple[str, ...]:
        """Which kinds of machines cannot boot because no loader is installed, as sentences."""
        return self._look("boot", boots.missing_loaders, ())

    # leases.db, net.db

    def leases(self, network: str | None = None) -> list[LeaseRow]:
        """Leases, ended ones included."""
        return self._look("leases", lambda file: list(leases.leases(file, network)), [])

    def network_troubles(self) -> list[Trouble]:
        """What dhcp finds wrong on its networks now."""
        return self._look("leases", leases.troubles, [])

    def slices(self) -> Slices | None:
        """What is in force."""
        return self._look("net", trials.slices, None)

    def ports(self) -> list[trials.PortRow]:
        """The box's interfaces."""
        return self._look("net", trials.ports, [])

    def events(self, name: str, after: int = 0, limit: int = 500) -> list[journal.Entry]:
        """Events of one file after a cursor, oldest first."""
        return self._look(name, lambda file: list(journal.read(file, after, limit)), [])

    def events_back(
        self,
        name: str,
        before: int,
        limit: int,
        *,
        kinds: Collection[str] = KINDS,
        since: float = 0.0,
    ) -> list[journal.Entry]:
        """Events of one file before a place, newest first."""
        return self._look(
            name, lambda file: journal.read_back(file, before, limit, kinds, since), []
        )

    def events_on(
        self, name: str, after: int, limit: int, *, kinds: Collection[str] = KINDS
    ) -> list[journal.Entry]:
        """Events of one file after a place, oldest first."""
        return self._look(name, lambda file: journal.read_on(file, after, limit, kinds), [])

    def latest(self, kinds: Collection[str], fields: Collection[str]) -> list[journal.Entry]:
        """The newest event of each kind and of each value of these fields, newest first."""
        found = [
            entry
            for name in FILES
            for entry in self._look(name, lambda file: journal.latest(file, kinds, fields), _NONE)
        ]
        return sorted(found, key=lambda entry: -entry.at)

    def last_event(self, name: str) -> int:
        """The place of the newest event of one file, 0 when there is none."""
        return self._look(name, journal.last, 0)

    def answers(self, role: str, wish: str, asked_at: float) -> list[journal.Entry]:
        """Events in the file of a role that name a wish, oldest first."""
        return self._look(role, lambda file: journal.answers(file, wish, asked_at), [])

    def wish(self, ident: str) -> inventory_view.Wish | None:
        """Something that a role was asked to do."""
        return self._look("nixie", lambda file: inventory_view.wish(file, ident), None)

    def _look(
        self, name: str, question: Callable[[sqlite3.Connection], Found], absent: Found
    ) -> Found:
        with self.file(name) as connection:
            if connection is None:
                return absent
            try:
                return question(connection)
            except sqlite3.OperationalError as error:
                # The role makes its tables right now, or a newer Nixie made them otherwise.
                if "no such table" in str(error) or "no such column" in str(error):
                    return absent
                raise
