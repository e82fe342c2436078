from contextlib import closing

from appliance.store import builds, cache_states
from appliance.store.builder_states import Step
from appliance.store.cache_states import KEY, REACH, READY, UNFIT, CacheState
from appliance.store.open import writer
from tests.webui.pages.conftest import Home

PUBLIC = f"lan-1:{'A' * 43}="
LAN = {"deed": "save", "url": "http://cache.lan:5000", "keys": PUBLIC}


def stands(home: Home, ident: str = "nixos", **facts: object) -> None:
    with closing(writer(home.state / "build.db", builds.MIGRATIONS)) as own:
        cache_states.stands(own, CacheState(ident, **facts))  # type: ignore[arg-type]


def added(home: Home) -> str:
    home.post("/caches", **LAN)
    return home.desk.reads.caches()[-1].id


def test_a_router_begins_with_the_usual_one(home: Home) -> None:
    said = home.get("/caches")
    assert "1. cache.nixos.org" in said
    assert "Not tried yet" in said


def test_what_was_typed_comes_back_with_its_problem_and_without_its_password(
    lived_in: Home,
) -> None:
    said = lived_in.post(
        "/caches", deed="save", url="cache lan", keys="x", user="u", password="s3cret"
    )
    assert 'value="cache lan"' in said
    assert "Write the address of a cache as" in said
    assert "is not a public key" in said
    assert "s3cret" not in said


def test_the_order_is_changed(lived_in: Home) -> None:
    ident = added(lived_in)
    said = lived_in.post("/caches", deed="up", id=ident)
    assert said.index("1. cache.lan:5000") < said.index("2. cache.nixos.org")


def test_each_step_of_a_trial_says_what_it_found(lived_in: Home) -> None:
    steps = (Step(REACH, "ok", "It answers on port 443."), Step(KEY, "bad", "It signs as x."))
    stands(lived_in, state=UNFIT, what="It signs as x.", steps=steps, answer="It has kernel.")
    said = lived_in.get("/caches/now")
    assert "It answers on port 443." in said
    assert "It signs as x." in said
    assert "Gives nothing" in said
    assert "It has kernel." in said


def test_a_cache_is_switched_off_and_on(lived_in: Home) -> None:
    stands(lived_in, state=READY)
    assert "cache.nixos.org is asked" in lived_in.get("/caches")
    assert "No cache is asked" in lived_in.post("/caches", deed="off", id="nixos")
    assert "Switched off" not in lived_in.post("/caches", deed="on", id="nixos")


def test_what_it_cannot_be_asked_for_is_said_beside_its_field(lived_in: Home) -> None:
    said = lived_in.post("/caches", deed="has", id="nixos", what="nobody")
    assert 'value="nobody"' in said
    assert "Write a path below /nix/store" in said


def test_a_host_is_asked_for_by_its_name(lived_in: Home) -> None:
    assert "asked for ember" in lived_in.post("/caches", deed="has", id="nixos", what="ember")


def test_a_form_begins_with_what_there_is(lived_in: Home) -> None:
    said = lived_in.get(f"/caches?edit={added(lived_in)}")
    assert "Change a cache" in said
    assert 'value="http://cache.lan:5000"' in said


def test_the_builds_page_leads_there(home: Home) -> None:
    assert 'href="/caches"' in home.get("/builds")
