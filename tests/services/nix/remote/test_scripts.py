"""The shell scripts of the jobs that talk to builders, run with an ssh that plays answers."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.store.builder_states import BUILD, KEY, LOGIN, NIX, REACH
from services.nix.remote import request, verdict
from services.nix.remote.evaluator import request as evaluator
from services.nix.remote.evaluator.driver import SSH_FAILED
from services.nix.store import store_in
from services.processes.privileges import Job
from tests.services.nix.remote.fake_ssh import FakeSsh, fake_ssh
from tests.services.nix.remote.test_request import HOST_KEY, INSTALLED, KILN, OUT
from tests.services.nix.remote.test_verdict import KILN as BUILDER
from tests.services.nix.test_request import LOOK

OTHER = "/nix/store/l1h685hvpma469x3yj24g9ljbsjcv83m-initrd"


@pytest.fixture
def ssh(tmp_path: Path) -> FakeSsh:
    return fake_ssh(tmp_path / "fake")


def job(ssh: FakeSsh, verb: str, **args: Any) -> Job:
    store = store_in(ssh.folder.parent / "state", ssh.nix, system_store=False)
    all_verbs = {
        **request.verbs(store, lambda _: "s3cret", lambda *_: None),
        **evaluator.verbs(store, lambda _: "s3cret"),
    }
    found = all_verbs[verb](args, INSTALLED)
    assert isinstance(found, Job)
    return found


def evaluation(ssh: FakeSsh) -> Job:
    return job(ssh, "evaluator-look", builder=KILN, asked={**LOOK, "trust": "mine"})


# ── how ssh is called ─────────────────────────────────────────────────────────────────────────────


def test_a_talk_goes_to_the_builders_address_under_one_name(ssh: FakeSsh) -> None:
    assert ssh.answers(job(ssh, "builder-ask", **KILN)).good
    assert ssh.argv[:2] == ["-F", "none"]
    assert {"-oHostName=kiln.lan", "-oPort=2222", "-oUser=nix"} <= set(ssh.argv)
    assert ssh.argv[-3:] == ["nixie-builder", "nix-daemon", "--stdio"]


def test_one_host_key_is_accepted(ssh: FakeSsh) -> None:
    ssh.answers(job(ssh, "builder-ask", **KILN))
    assert {
        "-oStrictHostKeyChecking=yes",
        "-oHostKeyAlias=nixie-builder",
        "-oGlobalKnownHostsFile=none",
        "-oUpdateHostKeys=no",
    } <= set(ssh.argv)
    assert len([word for word in ssh.argv if "UserKnownHostsFile=" in word]) == 1
    assert ssh.known_hosts == f"nixie-builder {HOST_KEY}\n"


def test_the_key_is_a_file_for_one_user_while_the_job_lasts(ssh: FakeSsh) -> None:
    ssh.answers(job(ssh, "builder-ask", **KILN))
    assert ssh.key == ("s3cret", "600")
    assert ssh.left == []


def test_the_key_goes_when_the_job_fails_too(ssh: FakeSsh) -> None:
    ssh.plays(err="Connection closed by 10.0.0.2 port 22", code=255)
    assert not ssh.answers(job(ssh, "builder-ask", **KILN)).good
    assert ssh.key == ("s3cret", "600")
    assert ssh.left == []


def test_no_other_key_and_no_password_is_offered(ssh: FakeSsh) -> None:
    ssh.answers(evaluation(ssh))
    assert {
        "-oIdentitiesOnly=yes",
        "-oBatchMode=yes",
        "-oPreferredAuthentications=publickey",
    } <= set(ssh.argv)


def test_a_question_is_one_argument(ssh: FakeSsh) -> None:
    ssh.plays(out="{}")
    asked = evaluation(ssh)
    assert ssh.answers(asked).out == "{}"
    at = ssh.argv.index("nixie-builder")
    assert ssh.argv[at + 1 :] == [asked.argv[-1]]
    assert {"-oHostName=kiln.lan", "-oStrictHostKeyChecking=yes"} <= set(ssh.argv)
    assert ssh.known_hosts == f"nixie-builder {HOST_KEY}\n"


# ── how it ends ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "code", "step", "begins"),
    [
        ("Host key verification failed.", 255, KEY, "kiln shows another host key than the one you"),
        (
            "nix@kiln.lan: Permission denied (publickey).",
            255,
            LOGIN,
            "kiln does not let the router",
        ),
        (
            "sh: 1: nix-daemon: not found",
            127,
            NIX,
            "kiln lets the router in, and has no nix-daemon",
        ),
        (
            "ssh: connect to host kiln.lan port 2222: Connection refused",
            *(255, REACH, "kiln.lan is there, and nothing listens on port 2222."),
        ),
        (
            "ssh: connect to host kiln.lan port 2222: Connection timed out",
            *(255, REACH, "kiln.lan does not answer on port 2222."),
        ),
        (
            "ssh: Could not resolve hostname kiln.lan: Name or service not known",
            *(255, REACH, "The name kiln.lan cannot be looked up."),
        ),
        ("client_loop: send disconnect: Broken pipe", 255, BUILD, "kiln ended the talk: "),
    ],
)
@pytest.mark.parametrize("verb", ["builder-ask", "evaluator-look"])
def test_what_ssh_fails_at_is_told(
    ssh: FakeSsh, verb: str, said: str, code: int, step: str, begins: str
) -> None:
    ssh.plays(err=f"{said}\n", code=code)
    answer = ssh.answers(evaluation(ssh) if verb[0] == "e" else job(ssh, verb, **KILN))
    assert not answer.good
    found = verdict.refused(answer, BUILDER, BUILD)
    assert found.step == step
    assert found.what.startswith(begins)


@pytest.mark.parametrize("code", [0, 1, 124, SSH_FAILED])
def test_an_evaluation_ends_as_ssh_does(ssh: FakeSsh, code: int) -> None:
    ssh.plays(code=code)
    assert ssh.answers(evaluation(ssh)).exit == code


# ── parts that come home ──────────────────────────────────────────────────────────────────────────


def bring(ssh: FakeSsh) -> Job:
    made = job(ssh, "builder-bring", **KILN, paths=[OUT, OTHER])
    (place,) = made.writable
    Path(place).mkdir(parents=True)
    return made


def test_parts_are_added_under_their_names(ssh: FakeSsh) -> None:
    ssh.plays(out="a part")
    assert ssh.answers(bring(ssh)).good
    assert ssh.added == {"kernel": "a part", "initrd": "a part"}
    assert ssh.known_hosts == f"nixie-builder {HOST_KEY}\n"


def test_nothing_stays_where_parts_arrive(ssh: FakeSsh) -> None:
    ssh.plays(out="a part")
    asked = bring(ssh)
    (place,) = map(Path, asked.writable)
    (place / "of before").write_text("half a part")
    assert ssh.answers(asked).good
    assert list(place.iterdir()) == []


def test_a_part_that_does_not_come_ends_it(ssh: FakeSsh) -> None:
    ssh.plays(err="Timeout, server nixie-builder not responding.\n", code=255)
    asked = bring(ssh)
    answer = ssh.answers(asked)
    found = verdict.not_home(answer, BUILDER)
    assert found
    assert (found.step, found.what) == (verdict.GONE, "The connection to kiln broke off.")
    assert (ssh.added, list(Path(asked.writable[0]).iterdir())) == ({}, [])
    assert (ssh.folder / "path").read_text() == f"{OUT}\n"  # the second was not asked for


# ── the router's key, and the builder's ───────────────────────────────────────────────────────────


def test_a_pair_is_made_whose_halves_belong_together(ssh: FakeSsh) -> None:
    answer = ssh.answers(job(ssh, "builder-pair"))
    *private, public = answer.out.splitlines(keepends=True)
    key = ssh.folder / "key"
    key.write_text("".join(private))
    key.chmod(0o600)
    said = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(key)], capture_output=True, text=True, check=True
    ).stdout
    assert said.split()[:2] == public.split()[:2]
    assert public.startswith("ssh-ed25519 ")
    assert ssh.left == []


def test_a_scan_asks_the_port_for_the_kinds_that_are_known(ssh: FakeSsh) -> None:
    scan = ssh.folder / "ssh-keyscan"
    scan.write_text((ssh.folder / "ssh").read_text())
    scan.chmod(0o755)
    ssh.plays(out=f"[kiln.lan]:2222 {HOST_KEY}\n")
    answer = ssh.answers(job(ssh, "builder-scan", **KILN))
    assert ssh.argv == ["-T", "10", "-p", "2222", "-t", "ed25519,ecdsa,rsa", "kiln.lan"]
    assert verdict.shown(answer.out) == (HOST_KEY,)
