"""What a machine shows when it asks for its identity."""

import base64

import pytest

from services.netboot.identity.shown import Shown, shown
from tests.appliance.model.test_identity import LINE

SALT = "0123456789abcdef" * 2
SEALED = base64.b64encode(b"sealed by a TPM").decode()
KEY = base64.b64encode(b"a public key").decode()


def body(*lines: str) -> bytes:
    return "\n".join(["nixie-identity 1", *lines, ""]).encode()


def test_a_tpm_shows_what_it_sealed() -> None:
    told = shown(body(f"salt {SALT}", f"ssh {LINE}", f"sealed {SEALED}"))
    assert (told, told.way) == (Shown(ssh=LINE, sealed=SEALED), "tpm")


def test_without_a_tpm_it_shows_where_to_send_its_key() -> None:
    told = shown(body(f"salt {SALT}", f"key {KEY}"))
    assert (told, told.way) == (Shown(key=b"a public key"), "router")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "neither a sealed key nor"),
        ([f"salt {SALT}"], "neither a sealed key nor"),
        ([f"key {KEY}"], "neither a sealed key nor"),
        ([f"salt {SALT}", f"key {KEY}", f"sealed {SEALED}"], "neither a sealed key nor"),
        ([f"salt {SALT}", f"key {KEY}", "more x"], "neither a sealed key nor"),
        (["salt 00", f"key {KEY}"], "salt is not 32"),
        ([f"salt {SALT}", "key <script>"], "key is not base64"),
        ([f"salt {SALT}", "ssh ssh-rsa AAAA", f"sealed {SEALED}"], "ssh is not an Ed25519"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(lines: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        shown(body(*lines))


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with 'nixie-identity 2'"):
        shown(b"nixie-identity 2\n")


def test_bytes_are_no_crash() -> None:
    with pytest.raises(ValueError, match="begins with"):
        shown(bytes(range(256)))
