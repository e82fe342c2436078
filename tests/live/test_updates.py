"""Updates by time and by webhook, with real Nix and a real daemon."""

import hmac
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from appliance.actions import sources, webhooks
from appliance.events import BuildEnded
from appliance.model.webhooks import TAKEN, Pace
from tests.live.nix_place import NIX, OWNER, Place, place
from tests.live.test_look_again import FAST, only_as_built, revisions
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

MINUTE = 60


@pytest.fixture
def fast() -> Iterator[Place]:
    with place(role=False) as made:
        made.start_role(FAST)
        yield made


@pytest.fixture
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def pushed(here: Place, source: str, secret: str, after: str) -> str:
    """What a forge is answered that tells of a push."""
    told = {"ref": "refs/heads/main", "after": after, "repository": {"default_branch": "main"}}
    body = json.dumps(told).encode()
    headers = {
        "x-forgejo-signature": hmac.new(secret.encode(), body, sha256).hexdigest(),
        "x-forgejo-event": "push",
    }
    found = webhooks.deliver(here.desk, Pace(), source, headers, body, "10.77.0.9")
    assert found is not None
    return found.outcome


def test_a_source_is_looked_at_when_its_time_has_come(fast: Place) -> None:
    folder = fast.flake("timed", flake("ember"))
    source = fast.add(f"path:{folder}")
    checked = fast.settled(source).checked_at
    assert checked is not None
    wanted = (checked // MINUTE + 20) * MINUTE  # in 20 s: the role's clock is quick
    clock = f"{datetime.fromtimestamp(wanted, UTC):%H:%M}"
    sources.edit_source(fast.desk, OWNER, source, schedule=f"daily {clock}")
    until(lambda: fast.source(source).next_at == wanted, "the look is planned to the second")
    (folder / "README").write_text("Something new.")
    until(lambda: len(revisions(fast, source)) == 2, "the change is seen at its time")
    assert fast.source(source).checked_at >= wanted
    until(lambda: fast.source(source).next_at == wanted + 86_400, "the next look is a day later")


def test_a_push_that_does_not_build_leaves_what_is_served(here: Place) -> None:
    folder = here.flake("hooked", flake("ember"))
    source = here.add(f"path:{folder}")
    host = f"{source}/ember"
    good = here.built(host).image
    until(lambda: host in here.table().hosts, "it is served")
    _, secret = webhooks.open_webhook(here.desk, OWNER, source)
    here.flake("hooked", only_as_built("push"))
    assert pushed(here, source, secret, "1") == TAKEN
    until(lambda: here.builds(host)[0].state == "failed", "the update fails")
    assert [one.image for one in here.table().hosts[host].generations] == [good]
    here.refresh(source)
    failed = [one for one in here.events() if isinstance(one, BuildEnded) and one.state == "failed"]
    assert len(failed) == 1, "the owner is told once"
    here.flake("hooked", flake("ember", stamp="mended"))
    assert pushed(here, source, secret, "2") == TAKEN
    until(lambda: len(here.generations(host)) == 2, "the next push is built and served")
