"""A key for one asker alone."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.netboot.identity.sealing import asker_key, handed, ssh_of
from tests.appliance.model.test_identity import LINE

SEED = b"x" * 32


def der(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_only_who_asked_opens_it() -> None:
    own = rsa.generate_private_key(65537, 3072)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    answer = base64.b64decode(handed(SEED, der(own.public_key())))
    assert own.decrypt(answer, oaep) == SEED
    assert SEED not in answer


def test_a_seed_has_one_public_half() -> None:
    assert ssh_of(SEED) == LINE


def test_a_short_key_is_refused() -> None:
    short = rsa.generate_private_key(65537, 2048).public_key()
    with pytest.raises(ValueError, match="not RSA of 3072"):
        asker_key(der(short))


def test_another_kind_of_key_is_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="not RSA of 3072"):
        asker_key(der(curve))


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not a public key in DER"):
        asker_key(b"no key")
