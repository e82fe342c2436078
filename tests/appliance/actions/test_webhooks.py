"""Webhooks as the owner makes them and as forges use them."""

import hmac
import json
from hashlib import sha256

import pytest

from appliance.actions import acts, sources, webhooks
from appliance.actions.desk import Desk
from appliance.actions.refusals import Forbidden, Unknown
from appliance.model.webhooks import IGNORED, OFTEN, PER_MINUTE, REFUSED, TAKEN, Heard, Pace
from appliance.store import inventory_view
from tests.appliance.actions.conftest import HELPER, OWNER

FORGE = "10.77.0.9"


def body(number: int = 1, branch: str = "main") -> bytes:
    told = {
        "ref": f"refs/heads/{branch}",
        "after": str(number),
        "repository": {"default_branch": "main"},
    }
    return json.dumps(told).encode()


class Forge:
    """Signs with the secret that the owner gave it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.pace = desk, Pace()
        self.source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
        self.secret = webhooks.open_webhook(desk, OWNER, self.source)[1]

    def tells(self, sent: bytes, secret: str | None = None) -> Heard | None:
        made = hmac.new((secret or self.secret).encode(), sent, sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={made}", "x-github-event": "push"}
        return webhooks.deliver(self.desk, self.pace, self.source, headers, sent, FORGE)

    @property
    def wishes(self) -> int:
        with self.desk.reads.file("nixie") as file:
            assert file is not None
            found = inventory_view.wishes(file, "build", 0)
        return sum(one.kind == "refresh" for one in found)


@pytest.fixture
def forge(desk: Desk) -> Forge:
    return Forge(desk)


def outcome(found: Heard | None) -> str:
    assert found is not None
    return found.outcome


def test_a_push_lets_nixie_look(forge: Forge) -> None:
    assert outcome(forge.tells(body())) == TAKEN
    assert forge.wishes == 1


def test_the_same_delivery_counts_once(forge: Forge) -> None:
    forge.tells(body())
    assert outcome(forge.tells(body())) == IGNORED
    assert forge.wishes == 1
    assert outcome(forge.tells(body(2))) == TAKEN


def test_the_secret_before_opens_nothing(desk: Desk, forge: Forge) -> None:
    before = forge.secret
    forge.secret = webhooks.open_webhook(desk, OWNER, forge.source)[1]
    assert outcome(forge.tells(body(), before)) == REFUSED
    assert forge.wishes == 0


def test_a_secret_is_never_shown_again(desk: Desk, forge: Forge) -> None:
    rows = [*desk.reads.events("nixie"), *acts.recent(desk, OWNER)]
    assert not any(forge.secret in str(row) for row in rows)


def test_why_a_delivery_was_refused_is_kept(desk: Desk, forge: Forge) -> None:
    forge.tells(body(), "guessed")
    ((_, told),) = webhooks.deliveries(desk, forge.source)
    assert (told.outcome, told.address) == (REFUSED, FORGE)
    assert "signature" in told.what


def test_a_flood_of_refusals_is_one_line(desk: Desk, forge: Forge) -> None:
    found = [forge.tells(body(), "guessed") for _ in range(PER_MINUTE + 1)]
    assert [outcome(one) for one in found] == [*[REFUSED] * PER_MINUTE, OFTEN]
    assert len(webhooks.deliveries(desk, forge.source)) == 1


def test_what_is_closed_is_not_there(desk: Desk, forge: Forge) -> None:
    webhooks.close_webhook(desk, OWNER, forge.source)
    assert forge.tells(body()) is None


def test_closing_is_taken_back_with_the_secret_that_was(desk: Desk, forge: Forge) -> None:
    done = webhooks.close_webhook(desk, OWNER, forge.source)
    sources.sweep_credentials(desk)
    acts.undo(desk, OWNER, done.act)
    assert outcome(forge.tells(body())) == TAKEN


def test_only_an_owner_makes_one(desk: Desk, forge: Forge) -> None:
    with pytest.raises(Forbidden):
        webhooks.open_webhook(desk, HELPER, forge.source)


def test_a_source_that_is_gone_has_none(desk: Desk, forge: Forge) -> None:
    sources.remove_source(desk, OWNER, forge.source)
    assert forge.tells(body()) is None
    with pytest.raises(Unknown):
        webhooks.open_webhook(desk, OWNER, forge.source)
