from ipaddress import IPv4Address

import pytest

from appliance.model.lan_cache import (
    CacheFacts,
    from_json,
    serves,
    settings,
    to_json,
    url,
)

FACTS = CacheFacts("nixie-1:KEY=", "/", 7, 9_000, "Nix did not answer.")


@pytest.mark.parametrize(
    ("choice", "zone", "on"),
    [
        ("by-zone", "lan", True),
        ("by-zone", "guest", False),
        ("by-zone", "garage", False),
        ("served", "guest", True),
        ("off", "lan", False),
    ],
)
def test_guests_get_it_only_when_the_owner_says_so(choice: str, zone: str, *, on: bool) -> None:
    assert serves(choice, zone) is on


def test_what_was_written_is_read_back() -> None:
    assert from_json(to_json(FACTS)) == FACTS


@pytest.mark.parametrize("stored", [None, [], {}, {"key": "k"}, {**to_json(FACTS), "paths": "x"}])
def test_anything_else_is_nothing(stored: object) -> None:
    assert from_json(stored) is None


def test_the_lines_name_every_network() -> None:
    urls = [url(IPv4Address("10.77.0.1")), url(IPv4Address("10.78.0.1"))]
    lines = settings(urls, FACTS.key)
    assert 'substituters = [ "http://10.77.0.1/cache" "http://10.78.0.1/cache" ];' in lines
    assert 'trusted-public-keys = [ "nixie-1:KEY=" ];' in lines
