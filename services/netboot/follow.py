"""DOOR: what boot reads of other roles' files, and how it goes on without them.

`published/` (from build), leases.db (from dhcp), net.db (from net).  The last good of each is kept:
a file that is gone or unreadable changes nothing.
"""

import json
import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from appliance.model import lan_cache
from appliance.model.images import Image, image_from_json
from appliance.model.lan_cache import CacheFacts
from appliance.model.slices import BootNetwork
from appliance.model.table import EMPTY, Table, table_from_json
from appliance.store import builds, inventory_view, journal, leases, trials
from appliance.store.follow import Follower
from appliance.store.inventory_view import Wish
from services.netboot.newest import Stand
from services.nix import narinfo

IMAGES_KEPT = 64
WISH_SECONDS = 3600.0
"""How old a wish may be that is found in a nixie.db that was made anew, or came from a backup."""
_IMAGE_ID = re.compile(r"[0-9a-f]{8,64}")


class World:
    """The table, the images, the networks, who holds which address."""

    def __init__(
        self,
        published: Path,
        leases_file: Path,
        net_file: Path,
        nixie_file: Path,
        build_file: Path | None = None,
    ) -> None:
        self.table: Table = EMPTY
        self.networks: Mapping[str, BootNetwork] = {}  # by link
        self._published = published
        self._leases = Follower(leases_file)
        self._net = Follower(net_file)
        self._nixie = Follower(nixie_file)
        self._build = Follower(build_file) if build_file else None
        self._table_mark: tuple[int, int] | None = None
        self._cache: CacheFacts | None = None
        self._cache_mark: tuple[int, int] | None = None
        self._images: dict[str, tuple[int, Image]] = {}

    # ── published/ ───────────────────────────────────────────────────────────────────────────────

    def look_at_table(self) -> bool:
        """Read table.json when it was replaced; did it change?"""
        path = self._published / "table.json"
        try:
            kept = path.stat()
            mark = (kept.st_mtime_ns, kept.st_ino)
            if mark == self._table_mark:
                return False
            self.table = table_from_json(json.loads(path.read_bytes()))
            self._table_mark = mark
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        return True

    def image(self, ident: str) -> Image | None:
        """A published image; None when its manifest is not there."""
        if not _IMAGE_ID.fullmatch(ident):
            return None
        path = self._published / "images" / f"{ident}.json"
        try:
            modified = path.stat().st_mtime_ns
            known = self._images.get(ident)
            if known is None or known[0] != modified:
                known = (modified, image_from_json(json.loads(path.read_bytes())))
                self._images[ident] = known
        except FileNotFoundError:
            self._images.pop(ident, None)
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        while len(self._images) > IMAGES_KEPT:
            self._images.pop(next(iter(self._images)))
        return known[1]

    # ── published/cache/ ─────────────────────────────────────────────────────────────────────────

    def look_at_cache(self) -> None:
        """Read cache.json when it was replaced."""
        path = self._published / "cache.json"
        with suppress(OSError, ValueError):
            kept = path.stat()
            mark = (kept.st_mtime_ns, kept.st_ino)
            if mark != self._cache_mark:
                self._cache = lan_cache.from_json(json.loads(path.read_bytes()))
                self._cache_mark = mark

    def caches(self, network: str) -> CacheFacts | None:
        """The binary cache of a network; None where it is off, or before there is one."""
        on = any(one.cache and one.name == network for one in self.networks.values())
        return self._cache if on else None

    def narinfo(self, network: str, hash_part: str) -> tuple[str, narinfo.Told] | None:
        """What a network is told of a store path, None when it is nothing."""
        if self.caches(network) is None:
            return None
        try:
            text = (self._published / "cache" / f"{hash_part}.narinfo").read_text()
        except (OSError, ValueError):
            return None
        told = narinfo.told(text)
        return None if told is None else (text, told)

    def store_file(self, path: str) -> Path | None:
        """Where a store path lies on disk, None when it was removed."""
        place = Path(f"{self._cache.root if self._cache else ''}/{path}")
        return place if os.path.lexists(place) else None

    # ── build.db ─────────────────────────────────────────────────────────────────────────────────

    def stand(self, host: str) -> Stand:
        """How far the source and the newest build of a host are; nothing without the role build."""
        connection = self._build.connection if self._build else None
        if self._build is None or connection is None:
            return Stand(None, None)
        try:
            source = builds.source_states(connection).get(host.partition("/")[0])
            return Stand(source, next(iter(builds.builds(connection, host=host, limit=1)), None))
        except sqlite3.Error:
            self._build.close()
            return Stand(None, None)

    # ── net.db ───────────────────────────────────────────────────────────────────────────────────

    def look_at_networks(self) -> bool:
        """Read the slice when `net` published one; did it change?"""
        if not self._net.changed() or self._net.connection is None:
            return False
        try:
            found = trials.slices(self._net.connection)
        except (sqlite3.Error, ValueError, KeyError):
            self._net.close()
            return False
        if found is None:
            return False
        networks = {one.link: one for one in found.boot}
        changed = networks != self.networks
        self.networks = networks
        return changed

    # ── leases.db ────────────────────────────────────────────────────────────────────────────────

    def mac_of(self, network: str, address: str) -> str | None:
        """The MAC that holds `address` there, None when nobody knows."""
        connection = self._leases.connection
        if connection is None or ":" in address:  # who came by IPv6 says it in the path, or nothing
            return None
        try:
            return leases.holder(connection, network, IPv4Address(address))
        except (sqlite3.Error, ValueError):
            self._leases.close()
            return None

    def dhcp_events(self, after: int) -> tuple[int, list[journal.Entry]]:
        """What dhcp has recorded after `after`, and the new cursor."""
        if not self._leases.changed() or self._leases.connection is None:
            return after, []
        connection = self._leases.connection
        found: list[journal.Entry] = []
        try:
            newest = journal.last(connection)
            cursor = after if after <= newest else 0  # the file was made anew
            while cursor < newest:
                entries = list(journal.read(connection, cursor))
                found += entries
                cursor = newest if len(entries) == 0 else entries[-1].seq
        except sqlite3.Error:
            self._leases.close()
            return after, []
        return cursor, found

    # ── nixie.db ─────────────────────────────────────────────────────────────────────────────────

    def wishes(self, after: int, now: float) -> tuple[int, list[Wish]]:
        """What the owner has asked this role for since the cursor `after`; and the new cursor."""
        if not self._nixie.changed() or self._nixie.connection is None:
            return after, []
        try:
            found = inventory_view.wishes(self._nixie.connection, "boot", 0)
        except sqlite3.Error:
            self._nixie.close()
            return after, []
        newest = found[-1].seq if found else after
        if newest < after:
            return newest, [one for one in found if abs(now - one.at) < WISH_SECONDS]
        return newest, [one for one in found if one.seq > after]

    def close(self) -> None:
        """Let go of the other roles' files."""
        if self._build is not None:
            self._build.close()
        self._nixie.close()
        self._leases.close()
        self._net.close()


def networks_to_json(networks: Mapping[str, BootNetwork]) -> str:
    """The slice as boot keeps it in its own file."""
    return json.dumps(
        [[one.name, one.link, str(one.address), one.boots, one.cache] for one in networks.values()]
    )


def networks_from_json(stored: str) -> dict[str, BootNetwork]:
    """Read it back."""
    return {
        link: BootNetwork(name, link, IPv4Interface(address), *more)
        for name, link, address, *more in json.loads(stored)
    }
