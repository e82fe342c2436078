"""Sources by git+ssh from a real sshd: keys of both sides, and never a question."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.actions import sources
from tests.live.git_server import commit
from tests.live.nix_place import NIX, OWNER, Place, place
from tests.live.ssh_server import SSHD, UID, SshServer, fresh_key, ssh_serving
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
    pytest.mark.skipif(not SSHD.exists(), reason="sshd is not unpacked here"),
]


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def server(here: Place) -> Iterator[SshServer]:
    with ssh_serving(here.folder / "ssh") as made:
        yield made


def repository(here: Place, name: str) -> Path:
    """A repository that the server's user owns, and nobody else may read."""
    folder = here.flake(name, flake("ember"))
    commit(folder)
    subprocess.run(["chown", "-R", f"{UID}:{UID}", str(folder)], check=True)
    folder.chmod(0o700)
    return folder


def added(here: Place, server: SshServer, name: str) -> str:
    return here.add(f"{server.url}{repository(here, name)}?ref=main")


def give(here: Place, source: str, **more: str) -> None:
    sources.set_source_credential(here.desk, OWNER, source, kind="ssh-key", **more)
    (here.state / "secrets").chmod(0o711)


def ready(here: Place, source: str) -> bool:
    row = here.source(source)
    return row is not None and row.state == "ready"


def said(here: Place, source: str) -> str:
    """What a source that cannot be read says, after a look of now."""
    here.refresh(source)
    row = here.settled(source)
    assert row.state == "unreadable"
    return row.what


def test_with_both_keys_a_repository_becomes_a_source(here: Place, server: SshServer) -> None:
    source = added(here, server, "right")
    here.settled(source)
    give(here, source, secret=server.deploy_key, known_hosts=server.scanned())
    until(lambda: ready(here, source), "the source is read with its key")
    assert here.built(f"{source}/ember").state == "built"


def test_an_unknown_server_is_not_asked_until_its_key_is_stored(
    here: Place, server: SshServer
) -> None:
    source = added(here, server, "unknown")
    here.settled(source)
    give(here, source, secret=server.deploy_key)
    assert said(here, source) == (
        "The SSH key of 127.0.0.1 is not known here, so it could be anybody. Read it with "
        f"ssh-keyscan {server.scan}, compare its fingerprint with what its owner says, and store "
        "the line with the source's key."
    )
    give(here, source, known_hosts=server.scanned())
    until(lambda: ready(here, source), "the source is read once the server is known")


def test_a_server_with_another_key_is_not_believed(here: Place, server: SshServer) -> None:
    source = added(here, server, "impostor")
    here.settled(source)
    fresh_key(here.folder / "other")
    kind, key, _ = (here.folder / "other.pub").read_text().split()
    line = f"[127.0.0.1]:{server.port} {kind} {key}"
    give(here, source, secret=server.deploy_key, known_hosts=line)
    assert said(here, source).startswith(
        "127.0.0.1 shows another SSH key than the one that is stored with the source, so it could "
        "be somebody else."
    )


def test_a_deploy_key_that_the_server_does_not_know_is_said(here: Place, server: SshServer) -> None:
    source = added(here, server, "stranger")
    here.settled(source)
    give(here, source, secret=fresh_key(here.folder / "strange"), known_hosts=server.scanned())
    assert said(here, source).startswith("127.0.0.1 does not accept the deploy key")
