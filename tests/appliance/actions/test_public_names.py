from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.actions import acts
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.actions.public_names import MOST, publish_now, remove_name, save_name
from appliance.actions.refusals import Forbidden, Unknown
from appliance.errors import Refused
from appliance.model.public_names import PublicName
from appliance.store.people import SCOPES
from tests.webui.memory import remembering

OWNER = Actor("lena", SCOPES["admin"], "session")
NAME = "home.example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_desk(tmp_path, Passwords(memory_kib=64, rounds=1))) as made:
        yield made


def saved(desk: Desk, actor: Actor = OWNER, **changed: Any) -> str:
    told = {"ident": "", "name": NAME, "service": "dyn", "secret": "geheim"}
    settings = {"user": "lena", **changed.pop("settings", {})}
    with remembering(desk.reads.state, "notice", [True]):
        return save_name(desk, actor, **{**told, "settings": settings, **changed}).subject


def one(desk: Desk) -> PublicName:
    (found,) = desk.reads.public_names()
    return found


def test_a_name_is_kept_as_it_was_said(desk: Desk) -> None:
    ident = saved(desk)
    found = one(desk)
    assert (found.id, found.name, found.service) == (ident, NAME, "dyn")
    assert (found.ipv4, found.ipv6, found.refresh_seconds) == (True, True, 24 * 86_400.0)


def test_a_new_name_needs_its_secret(desk: Desk) -> None:
    with pytest.raises(Refused, match="Type the secret"):
        saved(desk, secret="")


def test_a_change_leaves_the_secret(desk: Desk) -> None:
    ident = saved(desk)
    saved(desk, ident=ident, secret="", settings={"publishes": "ipv4"})
    assert not one(desk).ipv6


def test_another_server_does_not_get_the_secret_of_the_one_before(desk: Desk) -> None:
    ident = saved(desk)
    with pytest.raises(Refused, match="Type the secret"):
        saved(desk, ident=ident, secret="", service="no-ip")
    own = saved(desk, name="b.example.org", service="dyndns2", settings={"server": "a.org"})
    with pytest.raises(Refused, match="Type the secret"):
        saved(
            desk,
            ident=own,
            name="b.example.org",
            service="dyndns2",
            secret="",
            settings={"server": "evil.org"},
        )


def test_a_key_that_is_none_is_refused(desk: Desk) -> None:
    settings = {"server": "ns1.example.org", "key": "router"}
    with pytest.raises(Refused, match="base64"):
        saved(desk, service="rfc2136", settings=settings)


def test_two_entries_do_not_fight_for_a_name(desk: Desk) -> None:
    saved(desk)
    with pytest.raises(Refused, match="follows this router already"):
        saved(desk)


def test_there_is_an_end_to_names(desk: Desk) -> None:
    with remembering(desk.reads.state, "notice", [True]):
        for number in range(MOST):
            save_name(desk, OWNER, "", f"n{number}.example.org", "dyn", {"user": "u"}, "s")
    with pytest.raises(Refused, match="Remove one first"):
        saved(desk)


def test_a_role_that_is_away_adds_nothing(desk: Desk) -> None:
    with pytest.raises(Refused, match="does not answer"):
        save_name(desk, OWNER, "", NAME, "dyn", {"user": "u"}, "geheim")
    assert desk.reads.public_names() == []


def test_who_may_not_is_told(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        saved(desk, Actor("kim", SCOPES["write"], "session"))


def test_what_is_not_there_cannot_be_changed(desk: Desk) -> None:
    with pytest.raises(Unknown):
        saved(desk, ident="0190-none")


def test_removing_is_undone(desk: Desk) -> None:
    told = remove_name(desk, OWNER, saved(desk))
    assert desk.reads.public_names() == []
    acts.undo(desk, OWNER, told.act)
    assert one(desk).name == NAME


def test_publishing_now_is_a_wish(desk: Desk) -> None:
    ident = saved(desk)
    wish = desk.reads.wish(str(publish_now(desk, OWNER, ident).wish))
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("notice", "publish", {"name": ident})
