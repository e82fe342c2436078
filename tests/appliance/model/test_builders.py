import shlex
from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model.builders import (
    Builder,
    Said,
    able,
    authorized,
    checked,
    checked_key,
    fingerprint,
    print_fingerprint,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
KILN = Builder("b", "kiln", "kiln.lan", 22, "nix", ("x86_64-linux",), 2, 1, True, KEY)


def places(said: Said) -> list[str]:
    with pytest.raises(Refused) as found:
        checked(said)
    return [str(one.where[0]) for one in found.value.problems]


def test_a_builder_without_a_name_is_called_like_its_host() -> None:
    assert checked(Said(" ", " Kiln.LAN ")).name == "kiln.lan"


def test_an_ipv6_address_loses_its_brackets() -> None:
    assert checked(Said("kiln", "[fd00::5]")).host == "fd00::5"


@pytest.mark.parametrize(
    "host",
    [
        "", "-oProxyCommand=id", "kiln lan", "kiln/../..", "a@b", "kiln?x=1", "k_iln",
        "fe80::1%eth0", "fe80::1%x -oProxyCommand=id", "x" * 64, "ssh://kiln", "a..b", "-kiln",
    ],
)  # fmt: skip
def test_a_host_that_could_be_read_as_something_else_is_refused(host: str) -> None:
    assert places(Said("kiln", host)) == ["host"]


@pytest.mark.parametrize("user", ["", "-l", "a b", "nix@kiln", "x" * 33, "nix;id", "$USER"])
def test_a_user_that_could_be_read_as_something_else_is_refused(user: str) -> None:
    assert places(Said("kiln", "kiln.lan", user=user)) == ["user"]


@pytest.mark.parametrize("feature", ["KVM!", "a b", "-x", "", '"; x', "x" * 41, "a\nb"])
def test_a_feature_that_could_be_read_as_something_else_is_refused(feature: str) -> None:
    assert places(Said("kiln", "kiln.lan", features=(feature,))) == ["features"]


def test_there_is_an_end_of_features() -> None:
    many = tuple(f"f{number}" for number in range(21))
    assert places(Said("kiln", "kiln.lan", features=many)) == ["features"]


def test_every_problem_is_told_at_its_place() -> None:
    said = Said("a/b", "kiln lan", 0, "", ("sparc-linux",), 0, 101)
    assert places(said) == ["host", "port", "user", "jobs", "speed", "systems", "name"]


def test_a_builder_for_nothing_is_refused() -> None:
    assert places(Said("kiln", "kiln.lan", systems=())) == ["systems"]


def test_a_host_key_is_a_kind_and_a_key() -> None:
    assert checked_key(f"{KEY} root@kiln") == KEY
    for wrong in ("", "ssh-ed25519 AAAA", f"{KEY}\n{KEY}", "SHA256:abc", "kiln ssh-ed25519"):
        with pytest.raises(Refused, match="not a host key"):
            checked_key(wrong)


def test_a_fingerprint_is_what_ssh_keygen_prints() -> None:
    assert fingerprint(KEY) == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    assert print_fingerprint(KEY) == "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    assert print_fingerprint("ecdsa-sha2-nistp256 AAAA").endswith("ssh_host_ecdsa_key.pub")


def test_the_routers_key_starts_nix_alone() -> None:
    line = authorized("ssh-ed25519 AAAA nixie-router")
    assert line == 'restrict,command="nix-daemon --stdio" ssh-ed25519 AAAA nixie-router'


def test_the_line_of_who_evaluates_lets_expressions_in_as_one_word() -> None:
    line = authorized("ssh-ed25519 AAAA nixie-router", evaluates=True)
    options, _, key = line.partition('" ssh-ed25519')
    assert key == " AAAA nixie-router"
    command = options.partition('command="')[2].replace(r"\"", '"')
    shell = shlex.split(command)
    assert shell[:3] == ["exec", "sh", "-c"]
    assert len(shell) == 4
    assert shell[3].count('"$SSH_ORIGINAL_COMMAND"') == shell[3].count("$SSH") == 2
    assert "--option restrict-eval true" in shell[3]


def test_the_quickest_that_can_is_asked_first() -> None:
    both = ("x86_64-linux", "aarch64-linux")
    oven = replace(KILN, id="o", name="oven", speed=9, systems=both)
    every = [KILN, oven, replace(oven, enabled=False), replace(oven, host_key="")]
    assert able(every, {"x86_64-linux"}) == (oven, KILN)
    assert able(every, {"aarch64-linux"}) == (oven,)
    assert able(every, {"riscv64-linux"}) == ()
