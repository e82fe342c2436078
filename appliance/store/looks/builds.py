"""build.db, and what lies in published/ and logs/builds."""

from dataclasses import replace

from appliance.generations import NOTHING_KNOWN, Standings
from appliance.model import closures, lan_cache
from appliance.model.closures import Closure
from appliance.model.images import Image, Verdict, image_from_json
from appliance.model.lan_cache import CacheFacts
from appliance.model.outlook import Outlook
from appliance.model.storage import Storage
from appliance.store import builder_states, builds, cache_states, generations, outlooks, storages
from appliance.store.builder_states import BuilderState
from appliance.store.builds import BuildRow, GenerationRow, RevisionRow, SourceStateRow
from appliance.store.cache_states import CacheState
from appliance.store.logs.open import LogRange, log_range
from appliance.store.looks.open import Files


class BuildLooks(Files):
    """What `build` wrote."""

    def source_states(self) -> dict[str, SourceStateRow]:
        """By source id."""
        return self.look("build", builds.source_states, {})

    def revisions(self, source: str, limit: int = 20) -> list[RevisionRow]:
        """Locked revisions of a source, newest first."""
        return self.look("build", lambda file: builds.revisions(file, source, limit), [])

    def verdicts(self, source: str | None = None) -> list[Verdict]:
        """Hosts, of one source or of all."""
        return self.look("build", lambda file: builds.verdicts(file, source), [])

    def builds(
        self, host: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[BuildRow]:
        """Builds, newest first; older than the one with the id `before`."""
        return self.look(
            "build",
            lambda file: builds.builds(file, host=host, limit=limit, before=before),
            [],
        )

    def builds_under_way(self) -> list[BuildRow]:
        """Builds that run, then those that wait, the oldest first."""
        return self.look("build", builds.under_way, [])

    def builds_over(self, state: str | None = None, limit: int = 50) -> list[BuildRow]:
        """Builds that ended, in that state or in any, newest first."""
        return self.look("build", lambda file: builds.over(file, state=state, limit=limit), [])

    def builds_failing(self) -> list[BuildRow]:
        """Hosts' last builds that failed, newest first."""
        return self.look("build", builds.failing, [])

    def build_counts(self) -> dict[str, int]:
        """How many builds are in each state."""
        return self.look("build", builds.counts, {})

    def build(self, ident: str) -> BuildRow | None:
        """One build."""
        return self.look("build", lambda file: builds.build(file, ident), None)

    def builder_states(self) -> dict[str, BuilderState]:
        """How each builder stands, by id."""
        return self.look("build", builder_states.states, {})

    def cache_states(self) -> dict[str, CacheState]:
        """How each binary cache stands, by id."""
        return self.look("build", cache_states.states, {})

    def storage(self) -> Storage:
        """How the disk of the store stands."""
        return self.look("build", storages.storage, Storage())

    def outlooks(self) -> dict[str, Outlook]:
        """What a build of each host would take, by host."""
        return self.look("build", outlooks.outlooks, {})

    def hardware(self) -> Outlook | None:
        """What this router can build itself; None before that was found out."""
        return self.look("build", outlooks.of_router, None)

    def generations(self, host: str | None = None) -> list[GenerationRow]:
        """Images by host, newest first, as they stand: boot.db knows what machines made of them."""
        stands = self.standings()
        rows: list[GenerationRow] = self.look(
            "build", lambda file: builds.generations(file, host), []
        )
        return [
            replace(
                row,
                state=stands.state(row.image, row.state),
                pinned=stands.pins.get(row.host) == row.image,
            )
            for row in rows
        ]

    def standings(self) -> Standings:
        """What machines made of images, and what the owner decided about them."""
        return self.look("boot", generations.standings, NOTHING_KNOWN)

    def image(self, ident: str) -> Image | None:
        """A published image; None when there is none, or a newer Nixie wrote it."""
        stored = self.document(f"published/images/{ident}.json") if ident.isalnum() else None
        try:
            return None if stored is None else image_from_json(stored)
        except (ValueError, KeyError):
            return None

    def closure(self, ident: str) -> Closure | None:
        """What an image's system is made of; None where that is not known."""
        stored = self.document(f"published/closures/{ident}.json") if ident.isalnum() else None
        return None if stored is None else closures.from_json(stored)

    def cache(self) -> CacheFacts | None:
        """What the router gives away as a binary cache; None before its key was made."""
        return lan_cache.from_json(self.document(lan_cache.PLACE))

    def log(self, build: BuildRow, start: int = 0, limit: int = 65536) -> LogRange:
        """A piece of a build's log."""
        if not build.log or "/" in build.log or build.log.startswith("."):
            return LogRange(0, 0, 0, "")
        return log_range(self.state / "logs" / "builds" / build.log, start, limit)
