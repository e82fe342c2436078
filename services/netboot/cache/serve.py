"""DOOR: `/cache/…`: nix-cache-info, a narinfo, an archive.  Law: the Nix manual, "Binary Cache".

Read-only, and a closed table: what has no narinfo in `published/cache/` is not there.  A store path
cannot be listed: who asks has to know its hash.  An archive is made while it is sent, its size is
known from its narinfo, and nothing is compressed: a network is faster than a router's processor.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from appliance.model.lan_cache import PATH, PRIORITY
from services.netboot.download.serve import Broken, send_pieces
from services.netboot.files import Cut, Unsatisfiable, cut
from services.netboot.follow import World
from services.netboot.nar.driver import Gathered, archive, gathered
from services.netboot.nar.driver import cut as cut_archive
from services.netboot.urls.asker import ANY, READ, Asker, Route, text
from services.nix.narinfo import HASH_PART, NAR_NAME, Told
from services.nix.store_path import STORE

ABOUT = f"StoreDir: {STORE}\nWantMassQuery: 1\nPriority: {PRIORITY}\n"
NARINFO_TYPE, NAR_TYPE = "text/x-nix-narinfo", "application/x-nix-nar"
ABSENT = "This router's cache does not have that."


class Cache:
    """Answers on the networks where the cache is on; on others nothing is there."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        return (
            (rf"{PATH}/nix-cache-info", READ, self._about),
            (rf"{PATH}/({HASH_PART})\.narinfo", READ, self._narinfo),
            (rf"{PATH}/nar/({NAR_NAME})", READ, self._nar),
            (rf"{PATH}/.*", ANY, self._absent),
        )

    async def _about(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        if not self._world.caches(asker.network):
            return await self._absent(asker, match)
        return web.Response(text=ABOUT, content_type="text/x-nix-cache-info")

    async def _narinfo(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        found = self._world.narinfo(asker.network, match[1])
        if found is None or not self._world.store_file(found[1].path):
            return await self._absent(asker, match)
        return web.Response(text=found[0], content_type=NARINFO_TYPE)

    async def _nar(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        found = self._world.narinfo(asker.network, match[2])
        if found is None or found[1].nar != match[1]:
            return await self._absent(asker, match)
        place = self._world.store_file(found[1].path)
        if place is None:
            return await self._absent(asker, match)
        return await _archive(asker.request, place, found[1])

    async def _absent(self, _asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        return text(404, ABSENT)


async def _archive(request: web.BaseRequest, place: Path, told: Told) -> web.StreamResponse:
    """The archive, or the part of it that is asked for.

    Raises Broken when the path is removed meanwhile, or its size is another than was signed.
    """
    size = told.nar_size
    try:
        asked = cut(size, request.headers.get("Range"), request.headers.get("If-Range"), 0.0)
    except Unsatisfiable:
        return web.Response(
            status=416,
            text=f"The archive has {size} bytes.\n",
            headers={"Content-Range": f"bytes */{size}"},
        )
    sent = await send_pieces(request, _pieces(str(place), asked), asked, size, NAR_TYPE)
    if not sent.whole and request.method != "HEAD":
        raise Broken(sent, gone=True)
    return sent.response


def _pieces(place: str, asked: Cut) -> Iterator[Gathered]:
    return gathered(cut_archive(archive(place), asked.start, asked.stop))
