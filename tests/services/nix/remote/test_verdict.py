"""What ssh and Nix say of a talk with a builder, as sentences."""

from dataclasses import replace

import pytest

from appliance.model.builders import Builder
from appliance.store.builder_states import BUILD, EVALUATE, KEY, LOGIN, NIX, REACH, TRUST, Step
from services.nix.log_lines import LogLines
from services.nix.remote.verdict import (
    FULL_DISK,
    GONE,
    Info,
    ended,
    host_key,
    info,
    not_home,
    of_build,
    of_evaluation,
    of_nix,
    refused,
    shown,
    summary,
    unable,
    unfinished,
    weights,
)
from services.nix.verdict import Answer
from services.nix.versions import Version

ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
RSA = "ssh-rsa AAAAB3NzaC1yc2E="
KILN = Builder("k", "kiln", "kiln.lan", 2222, "nix", ("x86_64-linux",), 2, 1, True, ED)
FELL = Answer("", "", 1, "done")
HASH = "sha256-X0eCw84agZRbXb/27vX4DPezced0d9t/jFVebVOSwHM="

SAID = {
    "@ REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.": KEY,
    "nix@kiln.lan: Permission denied (publickey).": LOGIN,
    "Received disconnect: Too many authentication failures": LOGIN,
    "sh: 1: nix-daemon: not found\nerror: unexpected end-of-file": NIX,
    "bash: line 1: nix-daemon: command not found": NIX,
    "error: user 'nix' is not allowed to connect to the Nix daemon": NIX,
    "error: cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused": (
        NIX
    ),
    "error: protocol mismatch, got ''": NIX,
    "ssh: Could not resolve hostname kiln.lan: Name or service not known": REACH,
    "ssh: connect to host kiln.lan port 2222: Connection refused": REACH,
    "[Errno 111] Connect call failed ('127.0.0.1', 2222)": REACH,
    "ssh: connect to host kiln.lan port 2222: Connection timed out": REACH,
    "ssh: connect to host kiln.lan port 2222: No route to host": REACH,
    "Timeout, server nixie-builder not responding.": GONE,
    "error: unexpected end-of-file": GONE,
    "client_loop: send disconnect: Broken pipe": GONE,
    "error: cannot open connection to remote store 'ssh-ng://': error: Nix daemon disconnected "
    "unexpectedly (maybe it crashed?)": NIX,
}


@pytest.mark.parametrize("said", SAID)
def test_a_talk_ends_at_its_step(said: str) -> None:
    found = ended(said, KILN)
    assert found
    assert found.step == SAID[said]
    assert "{" not in found.what


def test_what_has_nothing_to_do_with_the_connection_is_no_end_of_it() -> None:
    assert ended("error: builder for '/nix/store/x.drv' failed with exit code 1", KILN) is None


def test_a_talk_that_nobody_understands_is_told_in_its_own_words() -> None:
    step = refused(replace(FELL, error="error: the moon is not full"), KILN, LOGIN)
    assert (step.step, step.what) == (
        LOGIN,
        "kiln ended the talk: error: the moon is not full.",
    )


def test_a_talk_without_end_is_ended() -> None:
    step = refused(replace(FELL, reason="timeout"), KILN, NIX)
    assert step.what == "kiln took too long to answer. Is it overloaded?"


def test_what_the_broker_refuses_is_told() -> None:
    told = replace(FELL, reason="refused", what="The router's key is missing.")
    assert refused(told, KILN, LOGIN).what == "The router's key is missing."


def test_scanned_keys_begin_with_the_newest_kind() -> None:
    printed = f"# kiln.lan:2222 SSH-2.0\n[kiln.lan]:2222 {RSA}\n[kiln.lan]:2222 {ED}\n\n"
    assert shown(printed) == (ED, RSA)


def test_a_known_key_passes_among_others() -> None:
    step, key = host_key(KILN, (ED, RSA))
    assert (step.state, key) == ("ok", ED)


def test_another_key_than_the_known_one_stops_it() -> None:
    step, key = host_key(KILN, (RSA,))
    assert (step.state, key) == ("bad", RSA)
    assert step.what.startswith("kiln shows another host key than the one you trusted")


def test_an_unknown_key_waits_for_the_owner() -> None:
    step, key = host_key(replace(KILN, host_key=""), (ED, RSA))
    assert (step.state, key) == ("bad", ED)
    assert "has to be compared once" in step.what


def test_what_is_no_ssh_server_says_so() -> None:
    step, key = host_key(KILN, ())
    assert (step.step, step.state, key) == (KEY, "bad", "")


def test_a_nix_says_its_version_and_whom_it_trusts() -> None:
    told = '{"trusted":0,"url":"ssh-ng://","version":"2.26.3"}'
    assert info(told) == Info(Version(2, 26, 3), False)
    assert info('{"url":"ssh-ng://","version":"2.8.0"}') == Info(Version(2, 8, 0), None)
    assert info("no json") == Info(None, None)


@pytest.mark.parametrize(
    ("trusted", "what"),
    [(True, "It trusts nix"), (False, "It does not trust"), (None, "It does not say")],
)
def test_either_trust_is_fine(trusted: bool | None, what: str) -> None:
    seen, trust = of_nix(Info(Version(2, 28, 6), trusted), KILN)
    assert (seen.what, seen.state, trust.state) == ("It has Nix 2.28.6.", "ok", "ok")
    assert trust.what.startswith(what)


@pytest.mark.parametrize(("trusted", "state"), [(True, "ok"), (False, "bad"), (None, "ok")])
def test_sharing_needs_trust(trusted: bool | None, state: str) -> None:
    _, trust = of_nix(Info(Version(2, 28, 6), trusted), replace(KILN, shares=True))
    assert (trust.step, trust.state) == (TRUST, state)
    assert ("trusted-users" in trust.what) == (state == "bad")


def test_too_old_a_nix_is_told() -> None:
    (step,) = of_nix(Info(Version(2, 3, 16), None), KILN)
    assert (step.state, step.what.startswith("kiln has Nix 2.3.16.")) == ("bad", True)


def test_a_small_build_that_is_not_for_its_system_names_the_system() -> None:
    error = "error: a 'aarch64-linux' with features {} is required to build '/nix/store/x.drv'"
    step = of_build(replace(FELL, error=error), KILN, "aarch64-linux")
    assert (step.step, step.state) == (BUILD, "bad")
    assert step.what.startswith("kiln cannot build for aarch64-linux.")


def test_a_small_build_that_lacks_a_feature_names_the_feature() -> None:
    error = (
        "error: a 'x86_64-linux' with features {kvm} is required to build '/nix/store/x.drv', but I"
        " am a 'x86_64-linux' with features {}"
    )
    step = of_build(replace(FELL, error=error), KILN, "x86_64-linux", "kvm")
    assert (step.step, step.state) == (BUILD, "bad")
    assert step.what.startswith("The Nix on kiln does not have the feature kvm. Take it off")
    step = of_build(replace(FELL, exit=0), KILN, "x86_64-linux", "kvm")
    assert step.what == "It built for x86_64-linux with kvm."


def test_who_evaluates_says_42() -> None:
    step = of_evaluation(replace(FELL, exit=0, out="42\n"), KILN)
    assert (step.step, step.state) == (EVALUATE, "ok")
    for answer in (FELL, replace(FELL, exit=0, out="")):
        step = of_evaluation(answer, KILN)
        assert step.state == "bad"
        assert (
            "Put the router's line as it is shown now into ~nix/.ssh/authorized_keys" in step.what
        )


def test_a_small_build_that_went_well_is_the_end() -> None:
    step = of_build(replace(FELL, exit=0), KILN, "x86_64-linux")
    assert summary([step], KILN) == "kiln builds for x86_64-linux."


def test_a_trial_is_summed_up_by_what_stopped_it() -> None:
    steps = [Step(REACH, "ok", "Yes."), Step(LOGIN, "bad", "No.")]
    assert summary(steps, KILN) == "No."


def lines(*said: str) -> LogLines:
    made = LogLines()
    for one in said:
        made.feed(one)
    return made


def nix(text: str) -> str:
    return f'@nix {{"action":"msg","level":0,"msg":"error: {text}","raw_msg":"{text}"}}'


def test_a_derivation_that_fails_is_the_works_own_fault() -> None:
    told = "builder for '/nix/store/x.drv' failed; last log lines: Connection refused"
    assert unfinished(FELL, lines(nix(told)), KILN) is None


FAILED = "builder for '/nix/store/x.drv' failed with exit code 1;\\nlast 1 log lines:\\n> {}"
NOTE = "note: build failure may have been caused by lack of free disk space"


@pytest.mark.parametrize(
    "told",
    [
        f"{FAILED.format('dd: write error')}\\n{NOTE}",
        "writing to file: No space left on device",
        "executing SQLite statement: database or disk is full",
    ],
)
def test_a_full_disk_is_the_builders_fault(told: str) -> None:
    step = unfinished(FELL, lines(nix(told)), KILN)
    assert step
    assert (step.step, step.what) == (
        FULL_DISK,
        "kiln has no room left on its disk. Make room there (nix-collect-garbage -d) or give it "
        "more.",
    )


def test_a_disk_that_is_full_inside_of_a_derivation_is_the_works_own_fault() -> None:
    told = FAILED.format("mkfs: No space left on device")
    assert unfinished(FELL, lines(nix(told)), KILN) is None


def test_a_trial_that_finds_the_disk_full_says_so() -> None:
    step = of_build(replace(FELL, error="error: database or disk is full"), KILN, "x86_64-linux")
    assert (step.step, step.what[:33]) == (BUILD, "kiln has no room left on its disk")


def test_a_disk_that_fills_while_parts_come_home_is_not_the_builders() -> None:
    fell = replace(FELL, error="writing to file: No space left on device")
    assert not_home(fell, KILN) is None
    step = not_home(replace(FELL, error="error: unexpected end-of-file"), KILN)
    assert step
    assert step.step == GONE


def test_a_connection_that_breaks_is_nobodys_work() -> None:
    told = lines("client_loop: send disconnect: Broken pipe", nix("unexpected end-of-file"))
    step = unfinished(FELL, told, KILN)
    assert step
    assert step.what == "The connection to kiln broke off."


def test_a_builder_without_what_is_required_lets_another_do_it() -> None:
    told = "a 'x86_64-linux' with features {kvm} is required to build '/nix/store/x.drv'"
    step = unfinished(FELL, lines(nix(told)), KILN)
    assert step
    assert (step.step, "kvm" in step.what) == (BUILD, True)


def test_a_build_that_takes_too_long_is_no_lost_builder() -> None:
    assert unfinished(replace(FELL, reason="timeout"), lines(), KILN) is None


def test_weights_are_those_with_a_sound_hash() -> None:
    told = f'{{"/nix/store/a":{{"narHash":"{HASH}","narSize":7}},"/nix/store/b":null}}'
    assert {path: one.size for path, one in weights(told).items()} == {"/nix/store/a": 7}
    assert weights("no json") == {}
    assert weights('{"/nix/store/a":{"narHash":"md5:x","narSize":7}}') == {}


def test_an_old_nix_here_talks_to_no_builder() -> None:
    assert str(unable(Version(2, 8, 0))).startswith("This router has Nix 2.8.0")
    assert unable(Version(2, 26, 3)) is None
