"""DOOR: `/id/<boot>.<secret>`, where a machine asks for its identity in its first stage.

    GET                        sealed …     what its TPM sealed at an earlier start; or: disk,
                                            where its key is then; or: none
    POST bound <SHA-256>       nonce …      it is bound to what it will show
    POST nixie-identity 1 …    waiting      it shows that; both screens have the code now
    GET                        waiting, then: refused, kept, or: seed … (RSA-OAEP, SHA-256)

All of it goes by plain HTTP, for nothing of it is of use to another: what is sealed opens one TPM,
what is encrypted one key that is in one machine's memory.  The address authorises asking.
"""

import re

from aiohttp import web

from appliance.model.identity import is_bound
from appliance.model.table import Machine
from appliance.store.identities import Ask
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.grants.driver import Grants
from services.netboot.identity.driver import Identities
from services.netboot.identity.shown import LONGEST
from services.netboot.tokens import hashed
from services.netboot.urls.asker import Asker, Route, text

BOUND = re.compile(rb"bound ([0-9a-f]{64})\s*")


class Asking:
    """What a machine hears that asks who it is."""

    def __init__(
        self, world: World, recorder: Recorder, grants: Grants, identities: Identities
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._grants = grants
        self._identities = identities

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        return ((r"/id/([0-9a-f-]{36})\.([A-Za-z0-9_-]{1,64})", ("GET", "POST"), self._answer),)

    async def _answer(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        boot, ident = match[1], hashed(match[2])
        attempt = self._recorder.found(boot)
        if attempt is None or not self._grants.fits(boot, match[2]):
            self._grants.complain(asker.network, asker.address, f"/id/{boot}")
            return text(404, "Nobody knows this boot, or it was too long ago.")
        machine = self._world.table.machine(attempt.network, attempt.mac)
        if machine is None or not machine.keeps_identity:
            return text(403, "The owner did not say that this machine keeps an identity.")
        if asker.request.method == "GET":
            return self._told(ident, machine)
        body = await asker.request.content.read(LONGEST + 1)
        if len(body) > LONGEST:
            return text(413, f"At most {LONGEST} bytes are read here.")
        asked = self._identities.asked(ident)
        if asked is not None and asked.state != "bound":
            return text(409, "This boot has asked already.")
        found = BOUND.fullmatch(body)
        if found is not None:
            whose = (machine.id, attempt.network, attempt.mac)
            return text(200, f"nonce {self._identities.binds(ident, *whose, found[1].decode())}")
        return self._shown(asked, body, machine)

    def _told(self, ident: str, machine: Machine) -> web.Response:
        asked = self._identities.asked(ident)
        if asked is None or asked.state == "bound":
            return text(200, self._identities.kept(machine.id))
        if asked.state == "approved":
            return text(200, f"seed {asked.answer}" if asked.answer else "kept")
        return text(200, asked.state)

    def _shown(self, asked: Ask | None, body: bytes, machine: Machine) -> web.Response:
        if asked is None or not is_bound(body, asked.bound):
            return text(409, "This is not what the machine was bound to.")
        try:
            self._identities.shows(asked, body, machine)
        except ValueError as error:
            return text(400, f"This cannot be read: {error}.")
        return text(200, "waiting")
