"""DOOR: who machines are, in boot.db; and the keys that the router itself keeps, a file each.

What a machine's TPM sealed the router keeps and cannot open, and what lies on a machine's own disk
it never sees.  Only for a machine that has neither does it keep the key, and hands it over when the
owner says that the codes agree, encrypted to the key that those codes were made of.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from appliance.events import IdentityAsked, IdentityDecided, IdentityDiffers, WishRefused
from appliance.model.identity import WAYS, code, fingerprint, public_of, spaced, ssh_key
from appliance.model.table import Machine
from appliance.store import identities, journal
from appliance.store.identities import Ask, Identity
from appliance.store.inventory_view import Wish
from appliance.store.open import now
from appliance.store.secrets.open import Secrets, random_bytes
from services.netboot.driver import Recorder
from services.netboot.identity.shown import Shown, shown

SEED_BYTES = 32  # RFC 8032 §5.1.5
LOST = {
    "disk": "It is known by a key on its own disk, and that disk is not there.",
    "tpm": "It is known by its TPM, and that did not open its key.",
    "router": "",
    "": "",
}
"""Why one that has an identity asks again."""


class Identities:
    """The keys that machines are known by."""

    def __init__(self, recorder: Recorder, secrets: Secrets) -> None:
        self._recorder = recorder
        self._secrets = secrets

    # ── what a machine asks ──────────────────────────────────────────────────────────────────────

    def kept(self, machine: str) -> str:
        """What a machine hears that asks for the first time in a boot."""
        known = identities.identity(self._recorder.connection, machine)
        if known is None or known.way == "router":
            return "none"
        return f"sealed {known.sealed}" if known.way == "tpm" else "disk"

    def asked(self, ident: str) -> Ask | None:
        """What a boot has asked; a waiting one is noted to be there still."""
        found = identities.ask(self._recorder.connection, ident)
        if found is not None and found.state == "waiting":
            self._keep(replace(found, last_at=now()))
        return found

    def binds(self, ident: str, machine: str, network: str, mac: str, bound: str) -> str:
        """A machine is bound to what it will show; our random number."""
        at, nonce = now(), random_bytes(16).hex()
        row = Ask(ident, machine, network, mac, bound, nonce, b"", "", "bound", "", at, at)
        self._keep(row)
        return nonce

    def shows(self, asked: Ask, body: bytes, machine: Machine) -> None:
        """A machine shows what it was bound to: from now on it waits for the owner.

        Raises ValueError with a sentence when nothing could be answered to that.
        """
        from services.netboot.identity.sealing import asker_key

        said = shown(body)
        if not said.sealed:
            asker_key(said.key)
        connection, at = self._recorder.connection, now()
        row = replace(
            asked, shown=body, code=code(body, asked.nonce), state="waiting", at=at, last_at=at
        )
        known = identities.identity(connection, machine.id)
        why = LOST[known.way if known else ""]
        event = IdentityAsked(machine.id, machine.name, row.network, row.mac, spaced(row.code), why)
        with journal.transaction(connection):
            identities.save_ask(connection, row)
            journal.append(connection, event, at)

    def _keep(self, row: Ask) -> None:
        with journal.transaction(self._recorder.connection):
            identities.save_ask(self._recorder.connection, row)

    # ── what a machine says once it is up ────────────────────────────────────────────────────────

    def told(self, machine: Machine, mac: str, said: Mapping[str, str]) -> None:
        """It came up and said by which key it is known; the first one on a disk is believed."""
        connection, at, way = self._recorder.connection, now(), said.get("identity", "")
        ssh = _own_words(said.get("ssh", "")) if way in WAYS else ""
        known = identities.identity(connection, machine.id)
        if known is None and (way != "disk" or not ssh):
            return
        with journal.transaction(connection):
            if known is None:
                identities.save(connection, Identity(machine.id, way, ssh, "", at, at))
                what = f"{machine.name} is known by {fingerprint(ssh)}, {WAYS[way]}."
                journal.append(connection, IdentityDecided(machine.id, what), at)
            elif known.ssh == ssh:
                identities.save(connection, replace(known, seen_at=at, differs=""))
            else:
                identities.save(connection, replace(known, differs=ssh or "-"))
                journal.append(connection, _differs(machine, mac, known, ssh), at)

    def leave_removed(self, machines: Collection[str]) -> None:
        """Forget the keys of machines that are no more."""
        connection = self._recorder.connection
        for gone in identities.identities(connection).keys() - set(machines):
            with journal.transaction(connection):
                self.forget(connection, gone, "", "")

    # ── what the owner decides ───────────────────────────────────────────────────────────────────

    def decided(self, connection: sqlite3.Connection, wish: Wish, name: str, at: float) -> None:
        """Do what the owner wishes for the machine called `name`."""
        machine = str(wish.body.get("machine"))
        what = ACTS[wish.kind](self, connection, machine, str(wish.body.get("code", "")), name)
        if what is None:
            gone = "No machine waits with this code any more. Look at what it shows now."
            journal.append(connection, WishRefused(wish.id, gone), at)
        else:
            journal.append(connection, IdentityDecided(machine, what, wish.id), at)

    def approve(
        self, connection: sqlite3.Connection, machine: str, digits: str, name: str
    ) -> str | None:
        """The codes agree: what was shown is this machine's."""
        asked = _waiting(connection, machine, digits)
        if asked is None:
            return None
        said, known = shown(asked.shown), identities.identity(connection, machine)
        ssh, answer = (said.ssh, "") if said.sealed else self._handed(machine, said, known)
        at = now()
        if known is None or known.ssh != ssh:
            known = Identity(machine, said.way, ssh, said.sealed, at)
        identities.save(connection, replace(known, differs=""))
        if said.way != "router":
            self._secrets.remove(_secret(machine))
        identities.save_ask(connection, replace(asked, state="approved", answer=answer))
        return f"{name} is known by {fingerprint(ssh)}, {WAYS[said.way]}."

    def refuse(
        self, connection: sqlite3.Connection, machine: str, digits: str, name: str
    ) -> str | None:
        """The codes differ, or nobody knows who that is."""
        asked = _waiting(connection, machine, digits)
        if asked is None:
            return None
        identities.save_ask(connection, replace(asked, state="refused"))
        return f"Whoever asked for the identity of {name} with {spaced(digits)} got nothing."

    def forget(
        self, connection: sqlite3.Connection, machine: str, _digits: str, name: str
    ) -> str | None:
        """Nothing is known of the machine's key any more."""
        identities.drop(connection, machine)
        self._secrets.remove(_secret(machine))
        return f"The identity of {name} is forgotten."

    def _handed(self, machine: str, said: Shown, known: Identity | None) -> tuple[str, str]:
        """The key that the router keeps, made now unless it is there; encrypted to who asked."""
        from services.netboot.identity.sealing import handed, ssh_of

        seed = self._secrets.read(_secret(machine)) if known and known.way == "router" else None
        if seed is None:
            seed = random_bytes(SEED_BYTES)
            self._secrets.write(_secret(machine), seed)
        return ssh_of(seed), handed(seed, said.key)


Act = Callable[[Identities, sqlite3.Connection, str, str, str], str | None]
ACTS: Mapping[str, Act] = {
    "approve-identity": Identities.approve,
    "refuse-identity": Identities.refuse,
    "forget-identity": Identities.forget,
}
"""Carries a wish out; the sentence that answers it, None when nobody waits so."""


def _waiting(connection: sqlite3.Connection, machine: str, digits: str) -> Ask | None:
    """The one that waits with this code; None too when two do, which is no coincidence."""
    found = [
        one
        for one in identities.asks(connection, now() - identities.WAITING_SECONDS)
        if (one.machine, one.code) == (machine, digits)
    ]
    return found[0] if len(found) == 1 else None


def _own_words(line: str) -> str:
    try:
        return ssh_key(public_of(line))
    except ValueError:
        return ""


def _differs(machine: Machine, mac: str, known: Identity, ssh: str) -> IdentityDiffers:
    said = f"another SSH host key, {fingerprint(ssh)}" if ssh else "no SSH host key of its own"
    return IdentityDiffers(machine.id, machine.name, mac, said, fingerprint(known.ssh))


def _secret(machine: str) -> str:
    return f"identities/{machine}"
