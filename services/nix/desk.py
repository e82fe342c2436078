"""What every step of the pipeline has at hand: the role's file, our nix, the state directory."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from appliance.errors import NixieError
from appliance.faults import Fault, no_fault
from appliance.model.builders import Builder
from appliance.store.secrets.open import Secrets
from services.nix.conf import BUILD_SECONDS, SILENT_SECONDS
from services.nix.driver import SOON_SECONDS, Caches, Nix
from services.nix.gate.driver import Gate
from services.nix.places.driver import Places
from services.nix.questions import print_settings
from services.nix.versions import Version
from services.nix.walls import lowered


@dataclass(frozen=True, slots=True)
class Adapter:
    """Our adapter's tree in the store."""

    path: str
    nar_hash: str


@dataclass(slots=True)
class Desk:
    """One role's things.  `version` and `adapter` are known once nix answered."""

    state: Path
    database: sqlite3.Connection  # build.db, ours to write
    nix: Nix
    now: Callable[[], float]  # Unix seconds
    new_id: Callable[[], str]
    publish: Callable[[], None]  # the table changed
    caches: Caches = field(default_factory=Caches)
    builders: tuple[Builder, ...] = ()
    sent: dict[tuple[str, str], float] = field(default_factory=dict)  # (builder, tree) → since when
    gate: Gate = field(default_factory=Gate)  # where evaluations wait for their turn
    places: Places = field(default_factory=Places)  # where builds wait for theirs
    look_seconds: float = 300.0
    build_seconds: float = BUILD_SECONDS
    silent_seconds: float = SILENT_SECONDS
    version: Version | None = None
    lowered: str | None = None  # why nothing may be built with this Nix's settings; None: unknown
    adapter: Adapter | None = None
    newest: dict[str, int] = field(default_factory=dict)
    fetchers: Mapping[str, str] = field(default_factory=dict)  # source → the user that fetches
    fault: Fault = no_fault
    systems: frozenset[str] = frozenset()  # what can be built here
    arriving: set[str] = field(default_factory=set)  # files that are being pushed, by SHA-256

    async def meet_nix(self) -> None:
        """Ask our Nix who it is and how it is set, unless it has said so: it may be slow at first,
        or come later than we do."""
        if self.version is None:
            self.version = await self.nix.version()
        if self.version is not None and self.lowered is None:
            with suppress(NixieError):
                asked = print_settings(self.nix.store, self.version)
                self.lowered = lowered(await self.nix.said(asked, SOON_SECONDS))

    def source_roots(self, source: str) -> Path:
        """Roots of a source's trees, one folder per revision."""
        return self.nix.store.roots / "sources" / quote(source, safe="")

    def host_roots(self, host: str) -> Path:
        """Roots of the derivations of the last look at a host."""
        return self.nix.store.roots / "hosts" / quote(host, safe="")

    def build_roots(self, build: str) -> Path:
        """Roots of what a build made."""
        return self.nix.store.roots / "builds" / build

    @property
    def files(self) -> Path:
        """Files of images that were built elsewhere, by their SHA-256."""
        return self.published / "files"

    @property
    def keys(self) -> Secrets:
        """The router's private keys for builders, by their ids."""
        return Secrets(self.state / "secrets/build")

    @property
    def logs(self) -> Path:
        """Build logs."""
        return self.state / "logs/builds"

    @property
    def published(self) -> Path:
        """What the boot role reads."""
        return self.state / "published"
