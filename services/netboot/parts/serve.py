"""DOOR: `/b/<token>/<sha256>/<name>`: an image's parts, and what was taken of them."""

import re

from aiohttp import web

from appliance.model.images import Part
from services.netboot.attempt import Attempt
from services.netboot.download.serve import Broken, Sent, send
from services.netboot.driver import Recorder
from services.netboot.files import Served, served_part
from services.netboot.follow import World
from services.netboot.grants.driver import Grants
from services.netboot.session import part_of
from services.netboot.urls.asker import READ, Asker, Route, text, unknown_token
from services.netboot.words import clean


class Parts:
    """Downloads of published images."""

    def __init__(self, world: World, recorder: Recorder, grants: Grants) -> None:
        self._world = world
        self._recorder = recorder
        self._grants = grants

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        return ((r"/b/([^/]+)/([0-9a-f]{64})/([^/]+)", READ, self._part),)

    async def _part(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._grants.opened(match[1], asker)
        if row is None:
            return unknown_token()
        part, built_at = part_of(self._world.image, row.images, match[2])
        attempt = self._recorder.attempts.by_id(row.boot)
        if part is None or part.name != match[3]:
            return self._gone(attempt, match[3])
        served = served_part(part, built_at)
        if asker.request.method == "HEAD" or attempt is None:
            return await self._unrecorded(asker, served, match[3])
        return await self._recorded(asker, attempt, part, served)

    async def _unrecorded(self, asker: Asker, served: Served, name: str) -> web.StreamResponse:
        try:
            return (await send(asker.request, served)).response
        except ConnectionError:
            raise
        except OSError:
            return self._gone(None, name)

    async def _recorded(
        self, asker: Asker, attempt: Attempt, part: Part, served: Served
    ) -> web.StreamResponse:
        step = self._recorder.part_began(attempt, part.name, part.size)

        def progress(count: int) -> None:
            self._recorder.part_reached(attempt, step, count)

        sent: Sent | None = None
        gone = False
        try:
            sent = await send(asker.request, served, progress)
        except Broken as broken:
            sent, gone = broken.sent, broken.gone
            raise
        except OSError:
            step.status = "missing"
            return text(410, f"{part.name} is not there any more. Build it again.")
        finally:
            if sent is not None:
                step.bytes, step.status = sent.bytes, _ended(sent, gone=gone)
                step.total = sent.stop - sent.start
                if step.total != part.size:
                    step.detail["range"] = [sent.start, sent.stop]
            self._recorder.part_ended(attempt, step, part)
        return sent.response

    def _gone(self, attempt: Attempt | None, name: str) -> web.Response:
        if attempt is not None:
            self._recorder.missed(attempt, name)
        return text(410, f"{clean(name)} is not there any more. Build it again.")


def _ended(sent: Sent, *, gone: bool) -> str:
    """The status of a step whose download is over."""
    if sent.response.status == 416:
        return "refused"
    if gone:
        return "missing"
    return "ok" if sent.whole else "aborted"
