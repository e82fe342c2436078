"""What a talk with a cache came to."""

import json
from dataclasses import replace

import pytest

from appliance.model.caches import Cache
from services.nix.supply.verdict import (
    INFO,
    Heard,
    Talked,
    has,
    has_path,
    key,
    reached,
    summary,
    talked,
)
from services.nix.verdict import Answer

KEY = f"lan-1:{'A' * 43}="
LAN = Cache("c", "http://cache.lan:5000", (KEY,))
PRIVATE = replace(LAN, user="lan", credential="f")
PATH = "/nix/store/k1h685hvpma469x3yj24g9ljbsjcv83m-kernel"
OTHER = "/nix/store/kgw7rg3s82zrnm48y5g0c0y0vqmq1sz9-initrd"
GOOD = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 30\n"
NARINFO = (
    f"StorePath: {PATH}\nURL: nar/x.nar\nCompression: none\nNarHash: sha256:{'1' * 52}\n"
    "NarSize: 120\nReferences: \nSig: lan-1:AAAA\n"
)


def info(status: int = 200, text: str = GOOD, why: str = "") -> Heard:
    return Heard(INFO, status, text, why)


def found(text: str = NARINFO, by: tuple[str, ...] = ("lan-1",)) -> Talked:
    heard = (Heard(PATH[11:43], 200, text, ""), Heard(OTHER[11:43], 404, "", ""))
    return Talked(heard, {PATH: by})


def states(cache: Cache, heard: Heard) -> list[tuple[str, str]]:
    return [(step.step, step.state) for step in reached(cache, heard)]


def test_a_nix_cache_is_known_by_its_store() -> None:
    assert states(LAN, info()) == [("reach", "ok"), ("store", "ok")]
    assert "Its own priority is 30" in reached(LAN, info())[-1].what


def test_a_password_that_is_right_is_said() -> None:
    assert states(PRIVATE, info()) == [("reach", "ok"), ("login", "ok"), ("store", "ok")]


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_password_that_is_wanted_or_wrong_is_said(status: int) -> None:
    assert "It wants a user and a password" in reached(LAN, info(status))[-1].what
    assert "It does not let lan in" in reached(PRIVATE, info(status))[-1].what


def test_another_store_is_said() -> None:
    assert "for stores at /gnu/store" in reached(LAN, info(text="StoreDir: /gnu/store"))[-1].what


@pytest.mark.parametrize("heard", [info(404, "no"), info(200, "<html>")])
def test_what_is_no_cache_is_said(heard: Heard) -> None:
    assert "This is no Nix cache" in reached(LAN, heard)[-1].what


def test_a_server_in_trouble_is_out_of_reach() -> None:
    assert states(LAN, info(503)) == [("reach", "bad")]


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("tls", "its certificate is not one to trust"),
        ("name", "The name cache.lan cannot be looked up"),
        ("refused", "nothing listens on port 5000"),
        ("silent", "does not answer on port 5000"),
        ("broken", "hung up on port 5000"),
        ("not http", "not as a web server does"),
        ("unreached", "cannot be reached: why {not}"),
    ],
)
def test_each_way_to_fall_flat_has_its_sentence(why: str, said: str) -> None:
    assert said in reached(LAN, info(0, "why {not}.", why))[0].what


def test_a_right_key_is_said() -> None:
    assert key(LAN, found()).state == "ok"


def test_a_key_of_another_name_is_said_with_the_right_name() -> None:
    step = key(replace(LAN, keys=(KEY.replace("lan", "old"),)), found(by=()))
    assert step.state == "bad"
    assert step.what.startswith("It signs as lan-1, and you gave the key of old-1")


def test_another_key_of_the_same_name_is_said() -> None:
    assert "with another key than the one you gave" in key(LAN, found(by=())).what


def test_what_is_not_signed_is_said() -> None:
    assert "is not signed" in key(LAN, found(NARINFO.replace("Sig", "Was"), ())).what


def test_a_key_that_could_not_be_compared_is_nothing_bad() -> None:
    step = key(LAN, Talked((Heard(PATH[11:43], 404, "", ""),), {}))
    assert (step.state, "not compared yet" in step.what) == ("ok", True)


def test_what_it_has_of_a_host_is_counted() -> None:
    said = has("ember", (PATH, OTHER), (), found())
    assert said.startswith(
        "Of ember, it has 1 of 2 paths of the image: kernel. It does not have initrd."
    )
    assert "in nobody's cache but yours" in said


def test_what_it_has_of_the_rest_is_counted() -> None:
    assert "Of 1 others that it is built from, it has 0." in has("e", (PATH,), (OTHER,), found())


def test_one_path_is_there_or_not() -> None:
    assert has_path(PATH, found()) == "It has kernel, 120 bytes unpacked."
    assert has_path(PATH, found(by=())).endswith("It is not signed with the key you gave.")
    assert has_path(OTHER, found()) == "It does not have initrd."


def test_a_trial_in_a_sentence_is_where_it_ended() -> None:
    assert "for stores at /x" in summary(reached(LAN, info(text="StoreDir: /x")), LAN)
    assert summary(reached(LAN, info()), LAN) == "cache.lan:5000 is asked before anything is built."


def test_what_a_job_printed_is_read_or_not() -> None:
    told = {"answers": [{"name": INFO, "status": 200, "text": GOOD, "why": ""}], "signed": {}}
    assert talked(Answer(json.dumps(told), "", 0, "done")) == Talked((info(),), {})
    for printed in ("", "[]", '{"answers": [1]}'):
        assert talked(Answer(printed, "", 1, "done")) is None
