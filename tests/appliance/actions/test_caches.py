"""What an owner does with caches."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import acts, sources
from appliance.actions.caches import DEEDS, MOST, act_on_cache, ask_cache, remove_cache, save_cache
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.caches import USUAL, Cache, Said
from appliance.store.people import SCOPES

OWNER = Actor("lena", SCOPES["admin"], "session")
KEY = f"lan-1:{'A' * 43}="
LAN = Said("http://cache.lan:5000", KEY)
PRIVATE = Said("https://cache.lan", KEY, "lan", "s3cret-word")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_desk(tmp_path, Passwords(memory_kib=64, rounds=1))) as made:
        yield made


def saved(desk: Desk, said: Said = LAN, ident: str = "") -> str:
    return save_cache(desk, OWNER, ident, said).subject


def one(desk: Desk, ident: str) -> Cache:
    return next(cache for cache in desk.reads.caches() if cache.id == ident)


def order(desk: Desk) -> list[str]:
    return [cache.name for cache in desk.reads.caches()]


def kept(desk: Desk, ident: str) -> dict[str, str]:
    name = one(desk, ident).credential
    return dict(json.loads(desk.secrets.read(f"caches/{name}") or b""))


def test_a_router_begins_with_the_usual_one(desk: Desk) -> None:
    assert desk.reads.caches() == [USUAL]


def test_a_new_one_is_asked_after_the_others(desk: Desk) -> None:
    ident = saved(desk)
    assert one(desk, ident) == Cache(ident, LAN.url, (KEY,))
    assert order(desk) == ["cache.nixos.org", "cache.lan:5000"]


def test_what_is_saved_is_tried(desk: Desk) -> None:
    done = save_cache(desk, OWNER, "", LAN)
    wish = desk.reads.wish(done.wish or "")
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("build", "try-cache", {"cache": done.subject})


def test_the_order_is_the_owners(desk: Desk) -> None:
    ident = saved(desk)
    done = act_on_cache(desk, OWNER, ident, "up")
    assert done.what == "http://cache.lan:5000 is asked first."
    assert order(desk) == ["cache.lan:5000", "cache.nixos.org"]
    assert act_on_cache(desk, OWNER, ident, "down").what.endswith("after https://cache.nixos.org.")
    assert order(desk) == ["cache.nixos.org", "cache.lan:5000"]


def test_an_order_is_taken_back(desk: Desk) -> None:
    done = act_on_cache(desk, OWNER, saved(desk), "up")
    acts.undo(desk, OWNER, done.act)
    assert order(desk) == ["cache.nixos.org", "cache.lan:5000"]


def test_the_first_one_goes_no_further_up(desk: Desk) -> None:
    assert not act_on_cache(desk, OWNER, "nixos", "up").undoable


def test_the_same_address_is_not_there_twice(desk: Desk) -> None:
    with pytest.raises(Refused, match="there already"):
        saved(desk, Said("HTTPS://cache.nixos.org/", KEY))


def test_there_is_an_end_of_caches(desk: Desk) -> None:
    for number in range(MOST - 1):
        saved(desk, Said(f"http://c{number}.lan", KEY))
    with pytest.raises(Refused, match="20 caches already"):
        saved(desk)


def test_a_password_is_in_a_file_and_not_in_the_inventory(desk: Desk) -> None:
    done = save_cache(desk, OWNER, "", PRIVATE)
    facts = {"user": "lan", "password": "s3cret-word", "url": "https://cache.lan"}
    assert kept(desk, done.subject) == facts
    assert "s3cret-word" not in (desk.reads.state / "nixie.db").read_bytes().decode("latin-1")
    assert "s3cret-word" not in done.what


def test_a_password_stays_when_it_is_left_empty(desk: Desk) -> None:
    ident = saved(desk, PRIVATE)
    before = one(desk, ident).credential
    saved(desk, replace(PRIVATE, password="", keys=KEY.replace("A", "B")), ident)
    assert one(desk, ident).credential == before


@pytest.mark.parametrize("other", [{"url": "https://evil.lan"}, {"user": "root"}])
def test_a_password_goes_to_nobody_else(desk: Desk, other: dict[str, str]) -> None:
    ident = saved(desk, PRIVATE)
    with pytest.raises(Refused, match="what was kept is for another"):
        saved(desk, replace(PRIVATE, **{"password": "", **other}), ident)


def test_a_user_without_a_password_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="Write the password, too"):
        saved(desk, replace(PRIVATE, password=""))


def test_without_a_user_it_is_asked_without_a_password(desk: Desk) -> None:
    ident = saved(desk, PRIVATE)
    saved(desk, replace(PRIVATE, user="", password=""), ident)
    assert one(desk, ident).credential is None


def test_a_password_that_nothing_uses_is_swept_away_after_a_day(desk: Desk) -> None:
    ident = saved(desk, PRIVATE)
    remove_cache(desk, OWNER, ident)
    sources.sweep_credentials(desk)
    assert len(desk.secrets.names("caches")) == 1
    later = replace(desk, now=lambda: desk.now() + 2 * 86_400)
    sources.sweep_credentials(later)
    assert desk.secrets.names("caches") == []


def test_a_password_in_use_is_never_swept_away(desk: Desk) -> None:
    saved(desk, PRIVATE)
    sources.sweep_credentials(replace(desk, now=lambda: desk.now() + 2 * 86_400))
    assert len(desk.secrets.names("caches")) == 1


def test_a_cache_is_switched(desk: Desk) -> None:
    assert act_on_cache(desk, OWNER, "nixos", "off").wish is None
    assert not one(desk, "nixos").enabled
    assert act_on_cache(desk, OWNER, "nixos", "on").wish
    assert one(desk, "nixos").enabled


def test_a_removed_cache_comes_back_as_it_was(desk: Desk) -> None:
    ident = saved(desk, PRIVATE)
    before = one(desk, ident)
    done = act_on_cache(desk, OWNER, ident, "remove")
    assert order(desk) == ["cache.nixos.org"]
    acts.undo(desk, OWNER, done.act)
    assert one(desk, ident) == before


def test_a_store_path_is_asked_for_as_it_is(desk: Desk) -> None:
    path = "/nix/store/k1h685hvpma469x3yj24g9ljbsjcv83m-kernel"
    done = ask_cache(desk, OWNER, "nixos", f" {path} ")
    wish = desk.reads.wish(done.wish or "")
    assert wish
    assert (wish.kind, wish.body) == ("has", {"cache": "nixos", "what": path})


def test_what_is_neither_path_nor_host_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="Write a path below /nix/store, or a host's name"):
        ask_cache(desk, OWNER, "nixos", "ember")


def test_only_deeds_are_done(desk: Desk) -> None:
    with pytest.raises(Unknown, match="try, has, up"):
        act_on_cache(desk, OWNER, "nixos", "burn")
    assert set(DEEDS) == {"try", "has", "up", "down", "on", "off", "remove"}


def test_what_is_gone_is_not_tried(desk: Desk) -> None:
    with pytest.raises(Unknown, match="not there any more"):
        act_on_cache(desk, OWNER, "gone", "try")
