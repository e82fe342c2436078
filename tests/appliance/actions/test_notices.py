from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.actions import acts
from appliance.actions.desk import Actor, Desk
from appliance.actions.notices import has_secret, remove_channel, save_channel, try_channel
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.actions.refusals import Forbidden, Unknown
from appliance.errors import Refused
from appliance.model.notices import TOPICS, Channel
from appliance.store.people import SCOPES

OWNER = Actor("lena", SCOPES["admin"], "session")
HOOK = {"url": "https://hooks.example/router"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_desk(tmp_path, Passwords(memory_kib=64, rounds=1))) as made:
        yield made


def saved(desk: Desk, actor: Actor = OWNER, **changed: object) -> str:
    told = {"ident": "", "kind": "webhook", "name": "hook", "settings": HOOK, "topics": ["boot"]}
    return save_channel(desk, actor, **{**told, **changed}).subject  # type: ignore[arg-type]


def one(desk: Desk) -> Channel:
    (channel,) = desk.reads.channels()
    return channel


def test_topics_come_in_one_order(desk: Desk) -> None:
    saved(desk, topics=["disk", "device"])
    assert one(desk).topics == tuple(word for word in TOPICS if word in ("device", "disk"))


def test_an_unknown_topic_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="Nobody is told of weather"):
        saved(desk, topics=["weather"])


def test_a_channel_without_a_name_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="Give it a name"):
        saved(desk, name=" ")


def test_settings_of_another_kind_are_left_out(desk: Desk) -> None:
    saved(desk, settings={**HOOK, "host": "mail.example"})
    assert one(desk).settings == HOOK


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "https://user:pass@hooks.example/", "hooks.example", "https://:99999/"],
)
def test_what_is_no_address_of_the_web_is_refused(desk: Desk, url: str) -> None:
    with pytest.raises(Refused, match="begins with https://"):
        saved(desk, settings={"url": url})


def test_only_who_may_everything_says_where_things_are_told(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        saved(desk, Actor("tom", SCOPES["write"], "session"))


def test_a_change_keeps_the_id(desk: Desk) -> None:
    ident = saved(desk)
    assert saved(desk, ident=ident, name="other") == ident
    assert one(desk).name == "other"


def test_what_is_not_there_cannot_be_changed(desk: Desk) -> None:
    with pytest.raises(Unknown):
        saved(desk, ident="0190-none")


def test_removing_is_undone(desk: Desk) -> None:
    told = remove_channel(desk, OWNER, saved(desk))
    assert desk.reads.channels() == []
    acts.undo(desk, OWNER, told.act)
    assert one(desk).name == "hook"


def test_a_test_is_a_wish(desk: Desk) -> None:
    ident = saved(desk)
    told = try_channel(desk, OWNER, ident)
    wish = desk.reads.wish(str(told.wish))
    assert wish
    assert (wish.role, wish.kind, wish.body) == ("notice", "test", {"channel": ident})


def test_while_the_role_is_away_nobody_knows_of_a_secret(desk: Desk) -> None:
    assert not has_secret(desk, OWNER, saved(desk))
