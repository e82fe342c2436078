"""DOOR: `/s/<mac>`, and below a token `pick` and `err`: the scripts, and what iPXE says back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from appliance.model.names import mac_from
from services.netboot.architecture import Kind, kind_of
from services.netboot.attempt import Attempt
from services.netboot.choice import Decision, Hold, Page
from services.netboot.deciding.driver import WAIT_SECONDS, Deciding
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.grants.driver import Grants
from services.netboot.held.driver import Held
from services.netboot.learned import learned
from services.netboot.script import Urls, ask
from services.netboot.session import answer, checked, chosen, depends, fitted
from services.netboot.urls.asker import READ, Asker, Route, text, unknown_token
from services.netboot.words import clean, said

POLL_SECONDS = 3  # Retry-After of a held machine; iPXE's connection lives for ten seconds
POLLS_PER_SCREEN = 200  # then the waiting script is sent afresh, with its code


class Scripts:
    """What machines are told; `refresh` reads what other roles have just written."""

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        grants: Grants,
        refresh: Callable[[], None],
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._grants = grants
        self._held = Held(recorder)
        self._deciding = Deciding(world, recorder)
        self._refresh = refresh

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        return (
            (r"/s/([0-9A-Fa-f:-]{12,17})", READ, self._script),
            (r"/b/([^/]+)/pick/([A-Za-z0-9-]+)", ("GET",), self._pick),
            (r"/b/([^/]+)/err", ("GET",), self._error),
        )

    async def _script(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        try:
            mac = mac_from(match[1])
        except ValueError as error:
            return text(404, str(error))
        if asker.mac is not None and asker.mac != mac:
            self._grants.complain(asker.network, asker.address, match[0])
            return text(403, "This address belongs to another machine.")
        if asker.request.method == "HEAD":
            return text(200, "")
        self._refresh()
        self._recorder.flush()  # a boot that just fell short counts
        facts: dict[str, Any] = dict(said(dict(asker.request.query)))
        decision = self._deciding.decided(asker.network, mac, facts)
        if not isinstance(decision, Hold):
            self._held.released(asker.network, mac)
        if not asker.request.query and depends(decision):
            return text(200, ask(Urls(asker.base, mac)))
        waiting = self._waiting(asker, mac, decision)
        return waiting or self._told(asker, mac, decision, facts)

    def _waiting(self, asker: Asker, mac: str, decision: Decision) -> web.Response | None:
        """503 while there is nothing new for a machine that waits; else it is told its script."""
        query = asker.request.query
        if isinstance(decision, Hold) and "hold" in query:
            return self._held_still(asker, mac)
        if isinstance(decision, Page) and "wait" in query and self._on_screen(asker, mac, decision):
            return text(503, decision.why, retry_seconds=WAIT_SECONDS)
        return None

    def _on_screen(self, asker: Asker, mac: str, page: Page) -> bool:
        """Does the machine's screen say this already?"""
        attempt = self._recorder.attempts.current(asker.network, mac)
        last = attempt.last() if attempt is not None and not attempt.over else None
        if attempt is None or last is None or page.reason != "waiting":
            return False
        if last.detail.get("sentence") != page.why:
            return False
        self._recorder.polled(attempt)
        return True

    def _held_still(self, asker: Asker, mac: str) -> web.Response | None:
        """503 while nothing is assigned; None when the screen should be drawn again."""
        attempt = self._recorder.attempts.current(asker.network, mac)
        if attempt is None or attempt.state != "held":
            return None
        self._held.code(attempt)
        self._recorder.waited(attempt)
        if (attempt.steps[-1].bytes or 0) % POLLS_PER_SCREEN == 0:
            return None
        why = "Nothing is assigned to this machine yet."
        return text(503, why, retry_seconds=POLL_SECONDS)

    def _told(
        self, asker: Asker, mac: str, decision: Decision, facts: dict[str, Any]
    ) -> web.Response:
        """Record the decision, make the token, answer with the script."""
        before = self._recorder.attempts.current(asker.network, mac)
        known = {**(before.facts if before is not None and not before.over else {}), **facts}
        facts |= learned(known)
        decision = fitted(checked(decision, _kind(known)), {**known, **facts})
        record = chosen(decision, self._world.table, asker.network, mac)
        attempt = self._recorder.scripted(asker.network, mac, record, facts)
        return self._scripted(asker, attempt, decision)

    def _scripted(self, asker: Asker, attempt: Attempt, decision: Decision) -> web.Response:
        code = ""
        if isinstance(decision, Hold):
            code = attempt.facts["code"] = self._held.code(attempt)
        row, secret = self._grants.token_for(attempt, asker.address)
        urls = Urls(asker.base, attempt.mac, row.token)
        says = self._deciding.told(
            asker.base, attempt.network, attempt.mac, f"{attempt.id}.{secret}"
        )
        told = answer(
            decision,
            urls,
            phone_home=says.phone_home,
            code=code,
            cache=says.cache,
            who=says.who,
        )
        self._grants.keep(replace(row, images=told.images, menu=told.menu))
        return text(200, told.text)

    async def _pick(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._grants.opened(match[1], asker)
        if row is None:
            return unknown_token()
        table = self._world.table
        decision = self._deciding.picked(row.network, row.mac, match[2], frozenset(row.menu))
        attempt = self._recorder.attempts.by_id(row.boot)
        if attempt is None or attempt.state == "up":
            return self._told(asker, row.mac, decision, {})
        decision = fitted(checked(decision, _kind(attempt.facts)), attempt.facts)
        self._recorder.picked(attempt, match[2], chosen(decision, table, row.network, row.mac))
        return self._scripted(asker, attempt, decision)

    async def _error(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._grants.opened(match[1], asker)
        if row is None:
            return unknown_token()
        query = asker.request.query
        attempt = self._recorder.attempts.by_id(row.boot)
        if attempt is not None:
            what, errno = clean(query.get("at", ""), 32), clean(query.get("errno", ""), 32)
            self._recorder.reported(attempt, what or "something", errno)
        return text(200, "Noted.")


def _kind(facts: Mapping[str, Any]) -> Kind | None:
    return kind_of(str(facts.get("arch", "")), facts.get("arch_code"))
