import pytest

from services.netboot import tokens

ENTROPY = bytes(range(tokens.ENTROPY_BYTES))
ROW, SECRET = tokens.grant("b1", "lan", "52:54:00:00:77:01", "10.77.0.100", 100.0, ENTROPY)


def test_a_token_is_as_long_as_its_entropy_says() -> None:
    assert tokens.TOKEN.fullmatch(ROW.token)
    assert len({ROW.token, SECRET}) == 2


def test_too_little_entropy_makes_no_token() -> None:
    with pytest.raises(ValueError, match="random bytes are needed"):
        tokens.grant("b1", "lan", "52:54:00:00:77:01", "10.77.0.100", 100.0, b"x" * 8)


def test_the_machine_it_was_made_for_may_use_it() -> None:
    assert tokens.opens_for(ROW, "lan", "10.77.0.100", ROW.mac, 101.0)


def test_the_same_machine_may_use_it_from_another_address() -> None:
    assert tokens.opens_for(ROW, "lan", "10.77.0.150", ROW.mac, 101.0)


def test_without_leases_the_address_alone_decides() -> None:
    assert tokens.opens_for(ROW, "lan", "10.77.0.100", None, 101.0)
    assert not tokens.opens_for(ROW, "lan", "10.77.0.101", None, 101.0)


def test_another_machine_may_not_use_it() -> None:
    assert not tokens.opens_for(ROW, "lan", "10.77.0.101", "52:54:00:00:77:02", 101.0)


def test_another_machine_at_the_same_address_may_not_use_it() -> None:
    assert not tokens.opens_for(ROW, "lan", "10.77.0.100", "52:54:00:00:77:02", 101.0)


def test_another_network_may_not_use_it() -> None:
    assert not tokens.opens_for(ROW, "lab", "10.77.0.100", ROW.mac, 101.0)


def test_it_expires() -> None:
    assert not tokens.opens_for(ROW, "lan", "10.77.0.100", ROW.mac, 100.0 + tokens.TOKEN_SECONDS)


def test_it_opens_an_image_once_added() -> None:
    row = tokens.with_image(tokens.with_image(ROW, "a"), "a")
    assert (ROW.images, row.images) == ((), ("a",))


def test_the_secret_is_kept_as_a_hash_only() -> None:
    assert SECRET not in repr(ROW)
    assert tokens.fits(SECRET, ROW.secret_hash)
    assert not tokens.fits(SECRET + "x", ROW.secret_hash)
