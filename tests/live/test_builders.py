"""Builders over a real sshd: from an address to one that is trusted by comparison and tried."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.actions import builders
from appliance.model.builders import Said, authorized, fingerprint
from appliance.roles import ROLES
from appliance.store.builder_states import LOST, READY, UNFIT, UNKNOWN
from tests.live.builder_place import USER, builder
from tests.live.builder_room import (
    NEEDS,
    added,
    ready,
    state,
    steps,
    tried,
    trusted,
)
from tests.live.nix_place import OWNER, Place, place
from tests.live.standing import free_port

pytestmark = NEEDS


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def test_a_builder_goes_step_by_step_from_unknown_to_ready(here: Place) -> None:
    with builder(here.folder / "forge", here.installed) as forge:
        found = added(here, forge, "forge")
        assert (found.state, fingerprint(found.shown_key)) == (UNKNOWN, forge.fingerprint)
        assert steps(found) == [("reach", "ok"), ("key", "bad")]
        found = trusted(here, found)
        assert (found.state, steps(found)[-1]) == (UNFIT, ("login", "bad"))
        assert found.what.startswith(
            "forge does not let the router in as kiln. Put the router's line"
        )
        forge.let_in(authorized(found.public_key))
        found = tried(here, builders.try_builder(here.desk, OWNER, found.builder))
        assert (found.state, found.what) == (READY, "")
        passed = [("login", "ok"), ("nix", "ok"), ("trust", "ok"), ("build", "ok")]
        assert steps(found)[2:] == passed
        builders.remove_builder(here.desk, OWNER, found.builder)


def test_the_routers_key_is_for_one_user_alone(here: Place) -> None:
    with ready(here) as (_, ident):
        key = here.state / "secrets/build" / ident
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.stat().st_uid == ROLES["build"].uid


def test_the_routers_key_opens_nix_and_no_shell(here: Place, tmp_path: Path) -> None:
    with ready(here) as (kiln, ident):
        key = tmp_path / "key"
        key.write_bytes((here.state / "secrets/build" / ident).read_bytes())
        key.chmod(0o600)
        options = ["-F", "none", "-i", str(key), "-o", "StrictHostKeyChecking=no"]
        options += ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-p", str(kiln.port)]
        asked = ["ssh", *options, f"{USER}@127.0.0.1", "echo", "a shell"]
        done = subprocess.run(asked, capture_output=True, input=b"", check=False, timeout=60)
        assert b"a shell" not in done.stdout
        assert (
            b"PTY allocation request failed"
            in subprocess.run(
                [*asked[:1], "-tt", *asked[1:]],
                capture_output=True,
                input=b"",
                check=False,
                timeout=60,
            ).stderr
        )


def test_a_builder_that_nobody_answers_for_says_so(here: Place) -> None:
    said = Said("absent", "127.0.0.1", free_port(), USER)
    found = tried(here, builders.save_builder(here.desk, OWNER, "", said))
    assert (found.state, steps(found)) == (LOST, [("reach", "bad")])
    assert found.what.startswith("127.0.0.1 is there, and nothing listens on port")
    builders.remove_builder(here.desk, OWNER, found.builder)


def test_a_builder_without_nix_says_so(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        kiln.path = "/usr/bin:/bin"
        kiln.start_sshd()
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("nix", "bad"))
        assert "has no nix-daemon where ssh looks for it" in found.what


def test_a_builder_whose_nix_serves_others_only_says_so(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_daemon()
        kiln.settings = "allowed-users = root\n"
        kiln.start_daemon()
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert steps(found)[-1] == ("nix", "bad"), found.what
        assert found.what.startswith("kiln lets the router in, and its Nix hangs up. Mostly kiln")


def test_a_builder_is_not_believed_for_a_system_that_it_cannot_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        both = ("x86_64-linux", "aarch64-linux")
        said = Said("kiln", "127.0.0.1", kiln.port, USER, both)
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert [step for step in steps(found) if step[0] == "build"] == [
            ("build", "ok"),
            ("build", "bad"),
        ]
        assert found.what.startswith("kiln cannot build for aarch64-linux.")


def test_a_builder_is_not_believed_for_a_feature_that_its_nix_has_not(here: Place) -> None:
    with ready(here, settings="system-features = fire\n", features=("fire",)) as (kiln, ident):
        assert "It built for x86_64-linux with fire." in [
            step.what for step in state(here, ident).steps
        ]
        said = Said("kiln", "127.0.0.1", kiln.port, USER, features=("fire", "ice"))
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert steps(found)[-2:] == [("build", "ok"), ("build", "bad")]
        assert found.what.startswith("The Nix on kiln does not have the feature ice.")
