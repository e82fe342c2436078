import json
from contextlib import closing

from appliance.actions.notices import save_channel
from appliance.store import journal, notices
from appliance.store.open import writer
from tests.webui.home import NOW, OWNER
from tests.webui.memory import remembering
from tests.webui.pages.conftest import Home

MAIL = {
    "kind": "mail",
    "name": "my mail",
    "host": "mail.home.example",
    "port": "465",
    "security": "tls",
    "user": "router",
    "sender": "router@home.example",
    "recipient": "lena@home.example",
    "topics": "internet",
}


def saved(home: Home) -> str:
    """A channel that is there; its id."""
    settings = {name: MAIL[name] for name in MAIL if name not in ("kind", "name", "topics")}
    return save_channel(home.desk, OWNER, "", "mail", "my mail", settings, ["internet"]).subject


def test_by_itself_nobody_is_told(home: Home) -> None:
    assert "Nobody is told of anything yet" in home.get("/notices")


def test_a_form_of_each_kind_is_a_link(home: Home) -> None:
    said = home.get("/notices")
    assert [kind for kind in ("mail", "webhook", "ntfy") if f"/notices?new={kind}" in said]
    assert 'name="host"' in home.get("/notices?new=mail")
    assert 'name="url"' in home.get("/notices?new=webhook")


def test_a_channel_is_added(lived_in: Home) -> None:
    said = lived_in.post("/notices", **MAIL)
    assert "lena@home.example" in said
    (channel,) = lived_in.desk.reads.channels()
    assert (channel.kind, channel.topics) == ("mail", ("internet",))


def test_a_secret_goes_to_the_role_that_sends(lived_in: Home) -> None:
    with remembering(lived_in.state, "notice", [True]) as asked:
        lived_in.post("/notices", **MAIL, secret="canary-password")
    (channel,) = lived_in.desk.reads.channels()
    assert asked == [{"of": channel.id, "secret": "canary-password"}]


def test_a_secret_is_nowhere_else(lived_in: Home) -> None:
    with remembering(lived_in.state, "notice", [True]):
        shown = lived_in.post("/notices", **MAIL, secret="canary-password")
    (channel,) = lived_in.desk.reads.channels()
    pages = shown + lived_in.get(f"/notices?edit={channel.id}") + lived_in.get("/changes")
    assert "canary" not in pages + lived_in.get("/api/v1/notices")
    files = [one for one in lived_in.state.rglob("*") if one.is_file()]
    assert [one.name for one in files if b"canary-password" in one.read_bytes()] == []


def test_a_secret_that_nobody_takes_is_said(lived_in: Home) -> None:
    said = lived_in.post("/notices", **MAIL, secret="x")
    assert "does not answer" in said
    assert 'id="secret-e"' in said
    assert lived_in.desk.reads.channels() == []


def test_a_password_in_the_clear_is_refused_beside_its_field(lived_in: Home) -> None:
    said = lived_in.post("/notices", **{**MAIL, "security": "none"})
    assert "A password is not sent in the clear" in said
    assert 'id="user-e"' in said


def test_an_address_that_is_none_is_refused_beside_its_field(lived_in: Home) -> None:
    said = lived_in.post("/notices", kind="webhook", name="x", url="file:///etc/passwd")
    assert "begins with https://" in said


def test_a_channel_is_changed(lived_in: Home) -> None:
    ident = saved(lived_in)
    lived_in.post("/notices", **{**MAIL, "name": "home"}, channel=ident)
    (channel,) = lived_in.desk.reads.channels()
    assert (channel.id, channel.name) == (ident, "home")


def test_a_channel_is_removed(lived_in: Home) -> None:
    lived_in.post("/notices/remove", channel=saved(lived_in))
    assert lived_in.desk.reads.channels() == []


def test_a_test_waits_for_what_the_server_says(lived_in: Home) -> None:
    said = lived_in.post("/notices/test", channel=saved(lived_in))
    assert "The test is under way" in said


def test_what_the_server_said_is_shown(lived_in: Home) -> None:
    ident = saved(lived_in)
    own = writer(lived_in.state / "notice.db", notices.MIGRATIONS)
    with closing(own), journal.transaction(own):
        refused = notices.Outcome(NOW - 120, False, "mail.home.example refused: 535 <b>no</b>")
        notices.write_outcome(own, ident, refused)
    said = lived_in.get("/notices")
    assert "Not taken" in said
    assert "refused: 535 &lt;b&gt;no&lt;/b&gt;" in said


def test_the_api_lists_channels_without_secrets(lived_in: Home) -> None:
    saved(lived_in)
    (channel,) = json.loads(lived_in.get("/api/v1/notices"))
    assert (channel["name"], channel["waiting"]) == ("my mail", 0)
    assert "secret" not in channel
