"""Strangers' flakes that attack: one for each row of what evaluation and builds could be used for.

`ROWS` says of each what holds it, the word for it that its owner's log carries, and a part of the
sentence.  The Nix that the tests have is one with known holes, and no stranger's source would be
looked at by it at all; so the room takes the list of holes away (`REPAIRED`).  That the list keeps
strangers out is `test_nix.py`'s to show, and `tests/services/nix/test_versions.py`'s.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from appliance.actions import sources
from appliance.errors import Refused
from appliance.events import HostJudged, SourceUnreadable
from services.processes.cgroups.place import Bounds
from tests.live.attack_room import BAD, FLAKES, GOOD, NAS, Attacked, Row, attacked, is_contained, of
from tests.live.nix_place import NIX, OWNER, place
from tests.live.ssh_server import SSHD
from tests.live.test_attacks_disk import FILLS, LEAVES_LITTLE
from tests.live.test_greedy import has_groups
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

MEBIBYTE = 1 << 20


ROWS: Mapping[str, Row] = {
    "reads-files": Row(BAD, "outside-path", "It reads /etc, which is outside the flake"),
    "leaves-the-store": Row(BAD, "outside-path", "It reads /etc, which is outside the flake"),
    "asks-for-the-time": Row(BAD, "impure", "builtins.currentTime"),
    "fetches-while-evaluated": Row(
        BAD, "fetch-while-evaluated", f"It fetches http://{NAS}:8000/evaluated while"
    ),
    "fetches-unlocked": Row(BAD, "unlocked-fetch", "It calls fetchurl without a hash"),
    "takes-another-flake": Row(BAD, "unlocked-fetch", "It calls getFlake without a hash"),
    "path-input": Row(
        BAD, "local-input", "computer where the flake was locked (/etc)", inputs=True
    ),
    "repository-at-home": Row(
        BAD, "local-input", "where the flake was locked (file:///root/secrets)", inputs=True
    ),
    "input-at-home": Row(
        BAD, "private-address", f"Input nas lies on {NAS}, inside your own network", inputs=True
    ),
    "redirected-home": Row(BAD, "unreachable", "evil.example does not answer", held=True),
    "rebound-home": Row(
        BAD, "private-address", "The name rebind.example leads into your own network", inputs=True
    ),
    "builds-while-evaluated": Row(
        BAD, "import-from-derivation", "needs imported to be built first"
    ),
    "overflows": Row(BAD, "stack-overflow", "stack overflow"),
    "eats-memory": Row(BAD, "memory", "needed more than 1 GiB of memory and was stopped"),
    "evil-name": Row(BAD, "host-name", "Its name holds characters that Nixie does not take"),
    "evil-command-line": Row(BAD, "command-line", "line break or a control character"),
    "evil-variable": Row(BAD, "command-line", "${…}, which iPXE would replace"),
    "own-settings": Row(GOOD, "failed", "can't open '/etc/hostname'", "failed"),
    "reads-the-router": Row(GOOD, "failed", "can't open '/etc/hostname'", "failed"),
    "build-reaches-home": Row(GOOD, "failed", "192.0.2.1 says HTTP/1.0 200", "failed", held=True),
    "fetcher-reaches-home": Row(
        GOOD, "unreachable", f"http://{NAS}:8000/fetched does not answer", "failed", held=True
    ),
    "leaves-the-sandbox": Row(GOOD, "sandbox", "outside of the sandbox (__noChroot)", "failed"),
    "set-uid": Row(GOOD, "set-uid", "squashfs-setuid gives a file rights", "failed"),
    "floods-the-log": Row(GOOD, "output", "printed more than 1048576 bytes", "failed"),
    "build-forks": Row(GOOD, "processes", "started more processes than all builds", "failed"),
    "build-eats-memory": Row(GOOD, "memory", "needed more memory than the 256 MiB", "failed"),
}
"""Those that are refused or ended."""

ENDLESS: Mapping[str, Row] = {
    "evaluates-for-ever": Row(BAD, "timeout", "took longer than 20 s and was stopped"),
    "never-ends": Row(GOOD, "silent", "squashfs-sleeps printed nothing for 20 s", "failed"),
}
"""Those that never end, where the others have as long as a busy computer may take."""

OTHERS = ("asks-the-environment", "private-input", "private-repository")
"""Those that get nothing of what they came for."""

needs_groups = pytest.mark.skipif(not has_groups(), reason="no control groups here")
GROUPED = {"build-forks", "build-eats-memory"}


@pytest.fixture(scope="module")
def here() -> Iterator[Attacked]:
    """One router that all of them attack, one after the other."""
    options = {"look_bytes": 1 << 30}
    bounds = Bounds(256 * MEBIBYTE, 200, as_one=False) if has_groups() else None
    with attacked(options=options, log_bytes=1 << 20, bounds=bounds) as room:
        yield room


@pytest.fixture(scope="module")
def added(here: Attacked) -> Mapping[str, str]:
    """Row → source."""
    return {row: here.add(row) for row in ROWS}


@pytest.fixture(scope="module")
def hasty() -> Iterator[Attacked]:
    """One that waits for nothing long."""
    with attacked(options={"look_seconds": 20.0}, silent_seconds=20) as room:
        yield room


def test_there_is_a_flake_for_every_row() -> None:
    rows = {*ROWS, *ENDLESS, *OTHERS, *FILLS, LEAVES_LITTLE}
    assert {one.name for one in (FLAKES / "attacks").iterdir()} == rows


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=needs_groups if row in GROUPED else ()) for row in ROWS]
)
def test_it_is_refused_or_contained(here: Attacked, added: Mapping[str, str], row: str) -> None:
    is_contained(here, added[row], ROWS[row])


@pytest.mark.parametrize("row", ENDLESS)
def test_what_never_ends_is_ended(hasty: Attacked, row: str) -> None:
    is_contained(hasty, hasty.add(row), ENDLESS[row])


# ── what each would have got ──────────────────────────────────────────────────────────────────────


def test_the_nas_was_asked_by_nobody(here: Attacked, added: Mapping[str, str]) -> None:
    for row, expected in ROWS.items():
        here.place.settled(added[row])
        if expected.held and expected.build:
            here.build(added[row])
    here.router.run("curl", "-sS", f"http://{NAS}:8000/ready-to-tell")
    asked = [line.split()[0] for line in here.heard("nas") if not line.startswith("/forge")]
    assert "/ready-to-tell" in asked
    assert {one for one in asked if not one.startswith("/ready")} == set()


def test_the_internet_was_asked_as_it_should(here: Attacked, added: Mapping[str, str]) -> None:
    here.place.settled(added["redirected-home"])
    here.build(added["build-reaches-home"])
    paths = {line.split()[0] for line in here.heard("internet")}
    assert {"/redirect.tar.gz", "/built"} <= paths


def test_a_build_that_reached_out_is_named(here: Attacked, added: Mapping[str, str]) -> None:
    source = added["build-reaches-home"]
    here.place.settled(source)
    here.build(source)
    targets = (f"{NAS}, port 8000", "10.77.0.1, port 8000", "127.0.0.1, port 8000",
               "169.254.169.254, port 8000")  # fmt: skip

    def told() -> bool:
        said = "\n".join(here.strays(source))
        return all(one in said for one in targets) and "Builds reach the internet only" in said

    until(told, "each attempt is told")


def test_what_the_environment_holds_is_not_in_a_command_line(here: Attacked) -> None:
    source = here.add("asks-the-environment")
    here.place.settled(source)
    (judged,) = of(here, HostJudged, source)
    assert (judged.kind, judged.obstacle) == (GOOD, "")
    recipe: Any = here.place.look(
        lambda it: it.execute("SELECT recipe FROM verdict WHERE source = ?", (source,)).fetchone()
    )
    assert '"leaked=."' in recipe[0]


def test_a_strangers_source_may_not_ask_for_a_building_look(here: Attacked) -> None:
    with pytest.raises(Refused, match="builds nothing while it is looked at"):
        here.add("builds-while-evaluated", allow_ifd=True)


# ── keys of the owner's ───────────────────────────────────────────────────────────────────────────


def test_a_key_is_not_used_for_a_source_that_became_a_strangers(here: Attacked) -> None:
    source = with_token(here, "private")
    before = len(here.heard("internet"))
    sources.edit_source(here.place.desk, OWNER, source, trust="stranger")
    here.place.refresh(source)
    after = here.heard("internet")[before:]
    assert after
    assert not any(line.split()[1] != "-" for line in after)


def test_a_strangers_input_is_not_fetched_with_a_key_of_the_owners(here: Attacked) -> None:
    with_token(here, "private-too")
    source = here.add("private-input", reach=["192.0.2.1"])
    here.place.settled(source)
    asked = [line for line in here.heard("internet") if line.startswith("/private-input")]
    assert asked
    assert {line.split()[1] for line in asked} == {"-"}
    (verdict,) = here.place.verdicts(source).values()
    assert "It needs an input that is not here. Input code" in str(verdict.reason)


@pytest.mark.skipif(not SSHD.exists(), reason="sshd is not unpacked here")
def test_a_strangers_repository_is_not_fetched_with_a_key_of_the_owners(here: Attacked) -> None:
    ssh = here.ssh
    assert ssh is not None
    own = here.place.add(f"{ssh.url}/private?ref=main", name="by ssh")
    scanned = here.router.run("ssh-keyscan", *ssh.scan.split())
    here.place.settled(own)
    desk, key = here.place.desk, ssh.deploy_key
    give = sources.set_source_credential
    give(desk, OWNER, own, kind="ssh-key", secret=key, known_hosts=scanned)
    until(lambda: "Accepted publickey" in ssh.log.read_text(), "it is used for the owner's")
    here.place.refresh(own)
    before = len(ssh.log.read_text())
    source = here.add("private-repository")
    here.place.settled(source)
    heard = ssh.log.read_text()[before:]
    assert "Connection" in heard
    assert "publickey" not in heard
    (verdict,) = here.place.verdicts(source).values()
    assert verdict.obstacle == "host-key"
    assert "The SSH key of evil.example is not known here" in str(verdict.reason)


def with_token(here: Attacked, name: str) -> str:
    """A source of the owner's whose token was used."""
    source = here.place.add(f"http://192.0.2.1:8000/{name}.tar.gz", name=name)
    desk = here.place.desk
    sources.set_source_credential(desk, OWNER, source, kind="token", secret="canary-token")
    (here.place.state / "secrets").chmod(0o711)
    here.place.refresh(source)

    def used() -> bool:
        asked = (line.split() for line in here.heard("internet"))
        return any(path.startswith(f"/{name}.") and key != "-" for path, key, *_ in asked)

    until(used, "its key is used while it is the owner's")
    return source


# ── a forge at home ───────────────────────────────────────────────────────────────────────────────


def test_a_forge_at_home_is_fetched_from_by_the_source_that_lists_it(here: Attacked) -> None:
    source = here.place.add(here.forge(), name="forge", trust="stranger")
    desk = here.place.desk
    assert judged(here, source) == (BAD, "private-address")
    sources.edit_source(desk, OWNER, source, trust="mine")
    here.place.refresh(source)
    assert judged(here, source) == (BAD, "unreachable")
    until(lambda: here.strays(source), "the filter held it")
    assert not any(line.startswith("/forge") for line in here.heard("nas"))
    sources.edit_source(desk, OWNER, source, trust="stranger", reach=[NAS])
    here.fill()
    here.place.refresh(source)
    assert judged(here, source) == (GOOD, "")
    assert any(line.startswith("/forge") for line in here.heard("nas"))


def judged(here: Attacked, source: str) -> tuple[str, str]:
    """What its host is, and why it cannot boot."""
    here.place.settled(source)
    (verdict,) = here.place.verdicts(source).values()
    return verdict.kind, verdict.obstacle


# ── the sandbox ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("line", ["sandbox = relaxed", "!include more.conf"])
def test_nothing_is_read_or_built_with_a_sandbox_that_is_open(line: str) -> None:
    with place(role=False) as made:
        conf = made.store.conf / "nix.conf"
        conf.write_text(conf.read_text() + f"{line}\n")
        (made.store.conf / "more.conf").write_text("sandbox = false\n")
        made.start_role()
        made.flake("own", flake("ember"))
        state = made.settled(made.add(f"path:{made.flakes / 'own'}"))
        assert state.state == "unreadable"
        assert state.what.startswith("Nix is set to sandbox = ")
        (told,) = [one for one in made.events() if isinstance(one, SourceUnreadable)]
        assert told.obstacle == "no-sandbox"
