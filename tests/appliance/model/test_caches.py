"""Caches as an owner names them."""

import pytest

from appliance.errors import Refused
from appliance.variables import CACHES
from services.nix.caches import Cache, caches

KEY = f"cache.example.org-1:{'A' * 43}="
URL = "https://cache.example.org"


def test_a_cache_is_its_address_with_its_key() -> None:
    assert caches(f"{URL}={KEY}") == (Cache(URL, KEY),)


def test_an_address_may_have_parameters() -> None:
    assert caches(f"{URL}/x?priority=30={KEY}") == (Cache(f"{URL}/x?priority=30", KEY),)


def test_several_stand_with_spaces_between() -> None:
    assert len(caches(f" {URL}={KEY}\n http://10.0.0.2:5000={KEY} ")) == 2


def test_nothing_is_no_cache() -> None:
    assert caches("") == ()


def test_the_usual_one_is_the_one_nix_has_itself() -> None:
    assert [one.url for one in caches(CACHES.usual)] == ["https://cache.nixos.org"]


@pytest.mark.parametrize(
    "text",
    [
        URL,
        KEY,
        f"{URL} {KEY}",
        f"{URL}=short-1:AAAA=",
        f"ftp://cache.example.org={KEY}",
        f"https://cache.example.org:port={KEY}",
        f"https://cache.example.org#sandbox={KEY}",
    ],
)
def test_what_is_no_cache_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="with spaces between caches"):
        caches(text)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (URL, ("cache.example.org", 443)),
        ("http://10.0.0.2:5000", ("10.0.0.2", 5_000)),
        ("http://[fd00::1]/x", ("fd00::1", 80)),
        ("file:///srv/cache", None),
        ("ssh://nix@builder", None),
    ],
)
def test_where_a_cache_is_asked_whether_it_is_there(
    url: str, server: tuple[str, int] | None
) -> None:
    assert Cache(url, KEY).server == server
