"""Caches as an owner says them."""

from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model.caches import (
    USUAL,
    Asked,
    Cache,
    Said,
    addresses,
    checked,
    trusted,
    wanted,
)

KEY = f"cache.example.org-1:{'A' * 43}="
URL = "https://cache.example.org"


def places(said: Said) -> list[str]:
    with pytest.raises(Refused) as found:
        checked(said)
    return [str(one.where[0]) for one in found.value.problems]


def test_a_cache_is_its_address_with_its_keys() -> None:
    told = checked(Said(f" {URL}/lan/ ", f"{KEY}\n {KEY}"))
    assert (told.url, told.keys) == (f"{URL}/lan", f"{KEY} {KEY}")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.2:5000", "http://[fd00::1]:80/x", f"{URL}/nix_cache/~me/a-b.c",
    ],
)  # fmt: skip
def test_an_address_of_a_plain_form_is_taken(url: str) -> None:
    assert checked(Said(url, KEY)).url == url


@pytest.mark.parametrize(
    "url",
    [
        "", "cache.example.org", "ftp://cache.example.org", "file:///srv/cache", "ssh://nix@kiln",
        f"{URL}:port", f"{URL}:0", f"{URL}:70000", f"{URL}#sandbox", f"{URL}?priority=1",
        f"{URL}/a b", f"{URL}/\nsandbox = false", f"{URL}/..", f"{URL}/%2e", "https://[::1",
        "https://user:word@cache.example.org", f"{URL}/{'x' * 600}", "https://ca\u00e7he.org",
    ],
)  # fmt: skip
def test_an_address_that_could_be_read_as_something_else_is_refused(url: str) -> None:
    assert places(Said(url, KEY)) == ["url"]


@pytest.mark.parametrize("keys", ["", "short-1:AAAA=", f"{KEY},{KEY}", " ".join([KEY] * 9)])
def test_what_is_no_key_is_refused(keys: str) -> None:
    assert places(Said(URL, keys)) == ["keys"]


@pytest.mark.parametrize(
    ("user", "password", "place"),
    [
        ("a b", "word", "user"),
        ("", "word", "user"),
        ("lan", "two words", "password"),
        ("lan", 'a"b', "password"),
        ("lan", "a\\b", "password"),
        ("lan", "a\nmachine x", "password"),
    ],
)
def test_a_password_that_netrc_could_read_otherwise_is_refused(
    user: str, password: str, place: str
) -> None:
    assert places(Said(URL, KEY, user, password)) == [place]


def test_every_problem_is_said_at_once() -> None:
    assert places(Said("x", "y", "", "z")) == ["url", "keys", "user"]


def test_what_is_switched_off_is_not_told_to_the_daemon() -> None:
    off = Cache("b", "https://b.example.org", (KEY,), enabled=False)
    assert wanted([USUAL, off]) == (Asked(USUAL.url, USUAL.keys),)


def test_a_private_cache_is_trusted_and_no_address_of_the_daemon() -> None:
    private = replace(USUAL, url=URL, keys=(KEY,), credential="c")
    asked = wanted([private, USUAL])
    assert addresses(asked) == {USUAL.url: f"{USUAL.url}?priority=20"}
    assert trusted(asked) == (KEY, *USUAL.keys)


def test_a_server_is_asked_at_the_port_of_its_scheme() -> None:
    assert Cache("c", URL, ()).server == ("cache.example.org", 443)
    assert Cache("c", "http://[fd00::1]/x", ()).server == ("fd00::1", 80)
    assert Cache("c", "http://10.0.0.2:5000", ()).server == ("10.0.0.2", 5000)
