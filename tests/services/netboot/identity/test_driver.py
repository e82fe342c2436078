"""Who machines are, in boot.db and in files of the boot role."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.events import Event, IdentityAsked, IdentityDecided, IdentityDiffers, WishRefused
from appliance.model.identity import bound, code, fingerprint, spaced
from appliance.model.table import Machine
from appliance.store import identities, journal
from appliance.store.inventory_view import Wish
from appliance.store.open import now
from appliance.store.secrets.open import Secrets
from services.netboot.driver import Recorder
from services.netboot.identity.driver import Identities
from services.netboot.identity.sealing import ssh_of
from tests.appliance.model.test_identity import LINE
from tests.services.netboot.identity.test_shown import SALT, SEALED, body
from tests.services.netboot.made import MAC

ANVIL = Machine("m1", "anvil", "run", "i1", "s1/ember", None, keeps_identity=True)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
BY_TPM = body(f"salt {SALT}", f"ssh {LINE}", f"sealed {SEALED}")
ASKER = rsa.generate_private_key(65537, 3072)
OTHER = ssh_of(b"y" * 32)


def in_memory(key: rsa.RSAPrivateKey = ASKER) -> bytes:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return body(f"salt {SALT}", f"key {base64.b64encode(der).decode()}")


class Place:
    """The role's files, machines that ask, and an owner."""

    def __init__(self, folder: Path) -> None:
        self.recorder = Recorder(folder / "boot.db")
        self.secrets = Secrets(folder / "secrets")
        self.role = Identities(self.recorder, self.secrets)

    def asks(self, boot: str, shows: bytes) -> str:
        """A boot asks and shows that; its code."""
        nonce = self.role.binds(boot, "m1", "lan", MAC, bound(shows))
        asked = self.role.asked(boot)
        assert asked is not None
        self.role.shows(asked, shows, ANVIL)
        return code(shows, nonce)

    def decides(self, kind: str, **fields: Any) -> None:
        wish = Wish(1, f"w-{kind}", "boot", kind, {"machine": "m1", **fields}, now())
        with self.recorder.committing() as connection:
            self.role.decided(connection, wish, "anvil", now())

    def answer(self, boot: str) -> str:
        asked = self.role.asked(boot)
        assert asked is not None
        assert asked.state == "approved"
        return asked.answer

    def seed(self, boot: str, key: rsa.RSAPrivateKey = ASKER) -> bytes:
        return key.decrypt(base64.b64decode(self.answer(boot)), OAEP)

    def known(self) -> identities.Identity | None:
        return identities.identity(self.recorder.connection, "m1")

    def told(self) -> list[Event]:
        return [entry.event for entry in journal.read(self.recorder.connection, 0)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.recorder.close()


def test_who_asks_is_told_of_with_its_code(place: Place) -> None:
    digits = place.asks("b1", BY_TPM)
    assert place.told() == [IdentityAsked("m1", "anvil", "lan", MAC, spaced(digits), "")]


def test_what_a_tpm_sealed_is_kept_with_its_public_half(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", BY_TPM))
    known = place.known()
    assert known is not None
    assert (known.way, known.ssh, known.sealed) == ("tpm", LINE, SEALED)
    assert place.answer("b1") == ""
    assert place.role.kept("m1") == f"sealed {SEALED}"
    assert place.secrets.names("identities") == []


def test_without_a_tpm_it_gets_the_same_key_at_each_boot(place: Place) -> None:
    again = rsa.generate_private_key(65537, 3072)
    place.decides("approve-identity", code=place.asks("b1", in_memory()))
    place.decides("approve-identity", code=place.asks("b2", in_memory(again)))
    assert place.seed("b1") == place.seed("b2", again)
    known = place.known()
    assert known is not None
    assert (known.way, known.ssh) == ("router", ssh_of(place.seed("b1")))
    assert place.role.kept("m1") == "none"


def test_the_key_that_the_router_keeps_is_a_file_of_its_role_alone(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", in_memory()))
    kept = place.secrets.folder / "identities/m1"
    assert kept.read_bytes() == place.seed("b1")
    assert kept.stat().st_mode & 0o777 == 0o600
    (file,) = place.recorder.connection.execute("PRAGMA database_list").fetchall()
    place.recorder.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert kept.read_bytes() not in Path(file[2]).read_bytes()


def test_another_code_approves_nothing(place: Place) -> None:
    digits = place.asks("b1", in_memory())
    place.decides("approve-identity", code=f"{(int(digits) + 1) % 1_000_000:06d}")
    asked = place.role.asked("b1")
    assert asked is not None
    assert (asked.state, asked.answer, place.known()) == ("waiting", "", None)
    assert isinstance(place.told()[-1], WishRefused)


def test_who_is_refused_gets_nothing(place: Place) -> None:
    place.decides("refuse-identity", code=place.asks("b1", in_memory()))
    asked = place.role.asked("b1")
    assert asked is not None
    assert (asked.state, asked.answer, place.known()) == ("refused", "", None)


def test_a_stranger_with_its_mac_is_told_of_with_what_it_lacks(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", BY_TPM))
    place.asks("b2", in_memory())
    event = place.told()[-1]
    assert isinstance(event, IdentityAsked)
    assert event.why == "It is known by its TPM, and that did not open its key."
    known = place.known()
    assert known is not None
    assert known.ssh == LINE


def test_what_cannot_be_answered_is_not_shown_to_the_owner(place: Place) -> None:
    shows = body(f"salt {SALT}", "key bm8ga2V5IGF0IGFsbA==")
    with pytest.raises(ValueError, match="not a public key"):
        place.asks("b1", shows)
    assert place.told() == []


def test_one_that_waits_no_more_is_not_approved(place: Place) -> None:
    digits = place.asks("b1", in_memory())
    place.recorder.connection.execute("UPDATE identity_ask SET last_at = last_at - 61")
    place.decides("approve-identity", code=digits)
    assert place.known() is None


def test_the_first_key_on_a_disk_is_believed(place: Place) -> None:
    place.role.told(ANVIL, MAC, {"identity": "disk", "ssh": LINE})
    known = place.known()
    assert known is not None
    assert (known.way, known.ssh, place.role.kept("m1")) == ("disk", LINE, "disk")
    assert fingerprint(LINE) in str(place.told())


@pytest.mark.parametrize("said", [{}, {"identity": "tpm", "ssh": LINE}, {"identity": "disk"}])
def test_nothing_else_is_believed_unasked(place: Place, said: dict[str, str]) -> None:
    place.role.told(ANVIL, MAC, said)
    assert (place.known(), place.told()) == (None, [])


def test_coming_up_with_its_key_is_noted(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", BY_TPM))
    place.role.told(ANVIL, MAC, {"identity": "tpm", "ssh": LINE})
    known = place.known()
    assert known is not None
    assert known.seen_at is not None
    assert known.differs == ""


@pytest.mark.parametrize(
    ("said", "differs"), [({"identity": "disk", "ssh": OTHER}, OTHER), ({}, "-")]
)
def test_another_key_is_trouble(place: Place, said: dict[str, str], differs: str) -> None:
    place.role.told(ANVIL, MAC, {"identity": "disk", "ssh": LINE})
    place.role.told(ANVIL, MAC, said)
    known = place.known()
    assert known is not None
    assert (known.ssh, known.differs) == (LINE, differs)
    assert isinstance(place.told()[-1], IdentityDiffers)


def test_what_is_forgotten_is_gone(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", in_memory()))
    before = place.seed("b1")
    place.decides("forget-identity")
    assert (place.known(), place.secrets.names("identities")) == (None, [])
    assert place.told()[-1] == IdentityDecided(
        "m1", "The identity of anvil is forgotten.", "w-forget-identity"
    )
    place.decides("approve-identity", code=place.asks("b2", in_memory()))
    assert place.seed("b2") != before


def test_a_removed_machine_leaves_no_key(place: Place) -> None:
    place.decides("approve-identity", code=place.asks("b1", in_memory()))
    place.role.leave_removed(["m1"])
    assert place.known() is not None
    place.role.leave_removed(["m2"])
    assert (place.known(), place.secrets.names("identities")) == (None, [])
