"""DOOR: `/n/…`: loaders and autoexec.ipxe by HTTP, and what the boot's record learns of it.

autoexec.ipxe names our address as it was asked, also where a relative one would do (G67): the
script that it leads to has absolute addresses anyway, and one rule is enough.
"""

import re
import time

from aiohttp import web

from appliance.model.images import StoreFile
from services.netboot.architecture import KINDS
from services.netboot.attempt import Step
from services.netboot.download.serve import Broken, Sent, send
from services.netboot.driver import Recorder
from services.netboot.files import Served, served_text, type_of
from services.netboot.probe import Installed
from services.netboot.script import autoexec
from services.netboot.urls.asker import READ, Asker, Route, text
from services.netboot.words import clean


class Loaders:
    """The closed table of loaders."""

    def __init__(self, installed: Installed, recorder: Recorder) -> None:
        self._installed = installed
        self._recorder = recorder

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        return (
            (rf"/(?:n/(?:{'|'.join(KINDS)})/)?autoexec\.ipxe", READ, self._autoexec),
            (r"/n/([a-z0-9]+/[A-Za-z0-9._-]+)", READ, self._loader),
        )

    async def _autoexec(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        served = served_text(autoexec(asker.base, asker.mac))
        return await self._sent(asker, served, match[0].lstrip("/").removeprefix("n/"), "autoexec")

    async def _loader(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        name = match[1]
        path = self._installed.files.get(name)
        if path is None or not path.is_file():
            at = time.time()
            self._saw(asker, Step(0, "loader", name, at, at, 0, 0, "missing"))
            return text(404, f"There is no loader {clean(name)} here.")
        kept = path.stat()
        segments = (StoreFile(str(path), kept.st_size),)
        return await self._sent(
            asker, Served(segments, type_of(name), kept.st_mtime), name, "loader"
        )

    async def _sent(self, asker: Asker, served: Served, name: str, kind: str) -> web.StreamResponse:
        began = time.time()
        try:
            sent = await send(asker.request, served)
        except Broken as broken:
            self._saw_file(asker, kind, name, began, broken.sent, served.size)
            raise
        self._saw_file(asker, kind, name, began, sent, served.size)
        return sent.response

    def _saw_file(
        self, asker: Asker, kind: str, name: str, began: float, sent: Sent, size: int
    ) -> None:
        probe = asker.request.method == "HEAD"
        detail = {"over": "http", "probe": True} if probe else {"over": "http"}
        status = "ok" if sent.whole or probe else "aborted"
        self._saw(asker, Step(0, kind, name, began, time.time(), sent.bytes, size, status, detail))

    def _saw(self, asker: Asker, step: Step) -> None:
        if asker.mac is not None:
            self._recorder.fetched(asker.network, asker.mac, step)
