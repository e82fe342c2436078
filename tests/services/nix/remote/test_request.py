"""The broker's verbs for builders: nothing of an owner's words is ever part of a URL."""

import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Refused
from appliance.model.installed import Installed
from services.nix.remote.request import URL, verbs
from services.nix.store import store_in
from services.processes.privileges import Deed, Job

HOME = Path("/opt/nixie")
NIX = HOME / "nix/usr/bin/nix"
INSTALLED = Installed(HOME, HOME / "program", Path(sys.executable), NIX, HOME, HOME, HOME)
STORE = store_in(Path("/s"), NIX, system_store=False)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
DRV = "/nix/store/jxccc6x0513viwxcgcbvshbbrp238dvd-kernel.drv"
OUT = "/nix/store/k1h685hvpma469x3yj24g9ljbsjcv83m-kernel"
KILN: dict[str, Any] = {
    "host": "kiln.lan", "port": 2222, "user": "nix", "host_key": HOST_KEY, "key": "0193-b",
}  # fmt: skip
BUILD = {**KILN, "drvs": [DRV], "seconds": 14_400.0}
TALKS: dict[str, dict[str, Any]] = {
    "builder-ask": KILN,
    "builder-try": {**KILN, "system": "x86_64-linux", "nonce": "a1"},
    "builder-build": BUILD,
    "builder-weigh": {**KILN, "paths": [OUT]},
    "builder-closure": {**KILN, "paths": [OUT]},
    "builder-bring": {**KILN, "paths": [OUT]},
}


def job(verb: str, **args: Any) -> Job:
    found = verbs(STORE, lambda _: "s3cret", lambda *_: None)[verb](args, INSTALLED)
    assert isinstance(found, Job)
    return found


def test_every_verb_runs_as_the_user_for_builders() -> None:
    assert {job(verb, **args).user for verb, args in TALKS.items()} == {"remote"}
    assert job("builder-pair").user == job("builder-scan", **KILN).user == "remote"


def test_a_key_pair_is_made_without_network() -> None:
    assert not job("builder-pair").network


def test_the_key_is_never_an_argument_or_a_variable() -> None:
    for verb, args in TALKS.items():
        made = job(verb, **args)
        assert made.stdin == b"s3cret"
        assert "s3cret" not in " ".join((*made.argv, *made.env.values()))


def test_scanning_has_no_key() -> None:
    assert job("builder-scan", **KILN).stdin == b""


def test_the_url_is_always_the_same() -> None:
    for verb, args in TALKS.items():
        words = [word for word in job(verb, **args).argv if "ssh-ng" in word]
        assert words == [URL]
        assert "max-connections" not in URL


def test_ssh_knows_one_host_key_and_asks_nobody() -> None:
    made = job("builder-ask", **KILN)
    words = made.env["NIXIE_SSH"].split()
    assert {"-oStrictHostKeyChecking=yes", "-oBatchMode=yes", "-oIdentitiesOnly=yes"} <= set(words)
    assert {"-oHostName=kiln.lan", "-oPort=2222", "-oUser=nix"} <= set(words)
    assert made.env["NIXIE_HOST_KEY"] == f"nixie-builder {HOST_KEY}"


def test_a_builder_is_sent_none_of_our_settings() -> None:
    made = job("builder-build", **BUILD)
    assert made.env["NIX_CONF_DIR"] != str(STORE.conf)
    assert str(STORE.conf) not in made.readable


def test_the_state_directory_is_hidden() -> None:
    for verb, args in TALKS.items():
        assert job(verb, **args).hidden == ("/s",)
        assert not [one for one in job(verb, **args).readable if "secrets" in one]


def test_a_build_ends_at_the_wall_clock() -> None:
    assert job("builder-build", **BUILD).limits.seconds == 14_400.0
    assert job("builder-ask", **KILN).limits.seconds <= 60.0


def test_only_what_comes_home_is_written() -> None:
    writing = {verb for verb, args in TALKS.items() if job(verb, **args).writable}
    assert writing == {"builder-bring"}
    assert job("builder-bring", **TALKS["builder-bring"]).writable == ("/s/run/arrivals",)


def test_a_builder_is_asked_for_derivations() -> None:
    assert job("builder-build", **BUILD).argv[-1] == f"{DRV}^*"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "-oProxyCommand=id"), ("host", "kiln.lan?remote-program=id"), ("host", None),
        ("port", "22"), ("port", 0), ("user", "nix -o"), ("user", "-lroot"),
        ("host_key", "ssh-ed25519 AAAA"), ("host_key", f"{HOST_KEY}\nother {HOST_KEY}"),
        ("key", "../web/ca.key"), ("key", 7),
        ("drvs", [OUT]), ("drvs", []), ("drvs", f"{DRV}"), ("drvs", [f"{DRV} --store x"]),
        ("seconds", 0), ("seconds", 1e9),
    ],
)  # fmt: skip
def test_what_is_not_of_its_form_is_refused(field: str, value: object) -> None:
    with pytest.raises(Refused):
        job("builder-build", **{**BUILD, field: value})


@pytest.mark.parametrize(("system", "nonce"), [("x", "a"), ("x86_64-linux", '"; x'), (None, "a")])
def test_a_trial_is_for_a_known_system(system: object, nonce: object) -> None:
    with pytest.raises(Refused):
        job("builder-try", **{**KILN, "system": system, "nonce": nonce})


def test_a_trial_of_a_feature_requires_it() -> None:
    asked = {**KILN, "system": "x86_64-linux", "nonce": "a1", "feature": "kvm"}
    assert 'requiredSystemFeatures = [ "kvm" ];' in job("builder-try", **asked).argv[-1]
    plain = job("builder-try", **{**asked, "feature": ""}).argv[-1]
    assert "requiredSystemFeatures" not in plain


@pytest.mark.parametrize("feature", ['"; x', "a b", 3, None, "KVM"])
def test_a_trial_is_of_a_plain_feature(feature: object) -> None:
    with pytest.raises(Refused):
        job(
            "builder-try",
            **{**KILN, "system": "x86_64-linux", "nonce": "a1", "feature": feature},
        )


MACHINE = {**KILN, "systems": ["x86_64-linux"], "features": ["kvm"], "jobs": 4, "speed": 1}


def shared(*given: Any) -> list[tuple[Any, Any]]:
    """What would be kept."""
    kept: list[tuple[Any, Any]] = []
    deed = verbs(STORE, lambda name: f"key of {name}", lambda *told: kept.append(told))[
        "builders-share"
    ]({"builders": list(given)}, INSTALLED)
    assert isinstance(deed, Deed)
    deed.work()
    return kept


def test_builds_are_shared_with_checked_builders_and_their_keys() -> None:
    (((one,), keys),) = shared(MACHINE)
    assert (one.id, one.host, one.systems, one.features, one.shares) == (
        KILN["key"], KILN["host"], ("x86_64-linux",), ("kvm",), True,
    )  # fmt: skip
    assert keys == {KILN["key"]: f"key of {KILN['key']}"}
    assert shared() == [([], {})]


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "kiln\nProxyCommand id"}, {"user": "-oProxyCommand=id"}, {"port": "22"},
        {"key": "../web/local-token"}, {"host_key": "x"}, {"systems": ["sparc"]}, {"systems": "x"},
        {"features": ["kvm - - x"]}, {"features": [1]}, {"jobs": 0}, {"speed": "1"},
    ],
)  # fmt: skip
def test_no_word_of_a_shared_builder_is_taken_unchecked(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        shared({**MACHINE, **wrong})


def test_what_a_builder_says_of_a_closure_is_bounded() -> None:
    made = job("builder-closure", **TALKS["builder-closure"])
    assert made.limits.output_bytes == 8 << 20
    assert made.argv[-3:] == (OUT, "--store", URL)


def test_the_closure_of_nothing_in_a_store_is_not_asked() -> None:
    with pytest.raises(Refused, match="is not a path below"):
        job("builder-closure", **{**KILN, "paths": ["--help"]})
