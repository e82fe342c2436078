import json

import pytest

from appliance.actions import acts, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Forbidden, Unknown
from appliance.errors import Refused
from appliance.events import SourceActed
from appliance.store import inventory_view, journal
from tests.appliance.actions.conftest import HELPER, OWNER, VIEWER

KEY = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUx
-----END OPENSSH PRIVATE KEY-----"""
HOST_KEY = (
    "example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
)
LOCKED = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABB5RZWbEpOxvkdi
-----END OPENSSH PRIVATE KEY-----"""


def test_an_added_source_is_there_for_other_roles(desk: Desk) -> None:
    done = sources.add_source(desk, OWNER, " github:owner/hosts?ref=main ", trust="stranger")
    (view,) = desk.reads.sources()
    assert view == inventory_view.SourceView(
        done.subject, "hosts", "github:owner/hosts?ref=main", "stranger", False, False, 3600, None
    )


def test_adding_a_source_rings_a_bell(desk: Desk) -> None:
    done = sources.add_source(desk, OWNER, "github:owner/hosts")
    (entry,) = desk.reads.events("nixie")
    assert entry == journal.Entry(
        1, desk.now(), SourceActed(done.act, "hosts is added. Nixie is looking at it now.")
    )


def test_what_is_no_source_is_refused_beside_its_field(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        sources.add_source(desk, OWNER, "owner/hosts", trust="friend", interval_seconds=3)
    assert [problem.where for problem in caught.value.problems] == [
        ("trust",),
        ("interval_seconds",),
        ("url",),
    ]
    assert desk.reads.sources() == []


def test_a_source_is_added_once(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    with pytest.raises(Refused, match="there already"):
        sources.add_source(desk, OWNER, "github:owner/hosts")


def test_two_sources_never_share_a_name(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:one/hosts")
    sources.add_source(desk, OWNER, "github:two/hosts")
    assert [view.name for view in desk.reads.sources()] == ["hosts", "hosts 2"]


def test_a_directory_is_a_source_once_it_is_allowed(desk: Desk) -> None:
    with pytest.raises(Refused, match="Allow it under Sources"):
        sources.add_source(desk, OWNER, "path:/srv/flakes/one")
    sources.allow_directory(desk, OWNER, "/srv/flakes")
    sources.add_source(desk, OWNER, "path:/srv/flakes/one")
    assert [view.name for view in desk.reads.sources()] == ["one"]


def test_the_whole_machine_is_never_allowed(desk: Desk) -> None:
    with pytest.raises(Refused, match="too much"):
        sources.allow_directory(desk, OWNER, "/")


def test_a_refresh_is_a_wish_for_build(desk: Desk) -> None:
    source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
    done = sources.refresh_source(desk, OWNER, "hosts")
    with desk.reads.file("nixie") as connection:
        assert connection is not None
        (wish,) = inventory_view.wishes(connection, "build", 0)
    assert (wish.id, wish.kind, wish.body) == (done.wish, "refresh", {"source": source})


def test_a_removed_source_comes_back_by_undo(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    before = desk.reads.sources()
    done = sources.remove_source(desk, OWNER, "hosts")
    assert desk.reads.sources() == []
    acts.undo(desk, OWNER, done.act)
    assert desk.reads.sources() == before


def test_editing_changes_only_what_was_named(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts", allow_ifd=True)
    sources.edit_source(desk, OWNER, "hosts", as_built=True, interval_seconds=0)
    (view,) = desk.reads.sources()
    assert (view.as_built, view.interval_seconds, view.allow_ifd) == (True, 0, True)


def test_a_token_is_kept_outside_the_database(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    sources.set_source_credential(
        desk, OWNER, "hosts", kind="token", secret="canary-123", hosts=["git.example.org"]
    )
    (view,) = desk.reads.sources()
    path = desk.secrets.folder / "sources" / str(view.credential)
    assert json.loads(path.read_text()) == {
        "kind": "token",
        "user": "",
        "secret": "canary-123",
        "hosts": ["git.example.org", "github.com"],
        "known_hosts": "",
    }
    assert path.stat().st_mode & 0o777 == 0o640
    assert b"canary" not in (desk.reads.state / "nixie.db-wal").read_bytes()


@pytest.mark.parametrize(
    ("kind", "secret", "what"),
    [
        ("ssh-key", "ssh-ed25519 AAAA", "not a private key"),
        ("ssh-key", LOCKED, "locked with a passphrase"),
        ("token", "two words", "one word"),
        ("cookie", "x", "is one of"),
    ],
)
def test_a_secret_that_cannot_work_is_refused(
    desk: Desk, kind: str, secret: str, what: str
) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    with pytest.raises(Refused, match=what):
        sources.set_source_credential(desk, OWNER, "hosts", kind=kind, secret=secret)


def test_an_open_key_is_taken(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    sources.set_source_credential(desk, OWNER, "hosts", kind="ssh-key", secret=KEY)
    assert desk.reads.sources()[0].credential


def stored(desk: Desk) -> dict[str, str]:
    """What is kept for the only source."""
    (view,) = desk.reads.sources()
    told: dict[str, str] = json.loads((desk.secrets.read(f"sources/{view.credential}")) or b"{}")
    return told


def test_a_servers_host_key_is_kept_with_the_deploy_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    sources.set_source_credential(
        desk, OWNER, "hosts", kind="ssh-key", secret=KEY, known_hosts=f"# remark\n{HOST_KEY} me\n"
    )
    assert stored(desk)["known_hosts"] == f"{HOST_KEY}\n"


def test_what_is_shown_of_a_key_is_not_the_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    sources.set_source_credential(
        desk, OWNER, "hosts", kind="ssh-key", secret=KEY, known_hosts=HOST_KEY
    )
    assert sources.kept_credential(desk, desk.reads.sources()[0].credential) == sources.Kept(
        "ssh-key", "", ("example.org",), f"{HOST_KEY}\n"
    )


def test_a_host_key_is_added_and_the_rest_stays(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    sources.set_source_credential(
        desk, OWNER, "hosts", kind="ssh-key", secret=KEY, user="me", hosts=["git.lan"]
    )
    before = stored(desk)
    sources.set_source_credential(desk, OWNER, "hosts", kind="ssh-key", known_hosts=HOST_KEY)
    assert stored(desk) == {**before, "known_hosts": f"{HOST_KEY}\n"}


def test_another_deploy_key_leaves_the_host_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    for more in ({"known_hosts": HOST_KEY}, {}):
        sources.set_source_credential(desk, OWNER, "hosts", kind="ssh-key", secret=KEY, **more)
    assert stored(desk)["known_hosts"] == f"{HOST_KEY}\n"


def test_an_empty_text_forgets_the_host_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    for known_hosts in (HOST_KEY, ""):
        sources.set_source_credential(
            desk, OWNER, "hosts", kind="ssh-key", secret=KEY, known_hosts=known_hosts
        )
    assert stored(desk)["known_hosts"] == ""


def test_a_token_is_never_taken_for_a_deploy_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    sources.set_source_credential(desk, OWNER, "hosts", kind="token", secret="canary-123")
    with pytest.raises(Refused, match="not a private key"):
        sources.set_source_credential(desk, OWNER, "hosts", kind="ssh-key", known_hosts=HOST_KEY)


@pytest.mark.parametrize(
    ("kind", "secret", "known_hosts", "what"),
    [
        ("ssh-key", KEY, "ssh-ed25519 AAAA", "server's name is missing"),
        ("token", "canary-123", HOST_KEY, "go with a deploy key"),
    ],
)
def test_what_is_no_host_key_is_refused_beside_its_field(
    desk: Desk, kind: str, secret: str, known_hosts: str, what: str
) -> None:
    sources.add_source(desk, OWNER, "git+ssh://git@example.org/hosts")
    with pytest.raises(Refused, match=what) as refused:
        sources.set_source_credential(
            desk, OWNER, "hosts", kind=kind, secret=secret, known_hosts=known_hosts
        )
    assert [one.where for one in refused.value.problems] == [("known_hosts",)]


def test_a_viewer_changes_nothing(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        sources.add_source(desk, VIEWER, "github:owner/hosts")
    assert desk.reads.sources() == []


def test_credentials_need_more_than_writing(desk: Desk) -> None:
    sources.add_source(desk, HELPER, "github:owner/hosts")
    with pytest.raises(Forbidden):
        sources.set_source_credential(desk, HELPER, "hosts", kind="token", secret="abcd")


def test_an_unknown_source_is_named_so(desk: Desk) -> None:
    with pytest.raises(Unknown):
        sources.refresh_source(desk, OWNER, "nothing")


def test_where_it_is_built_and_whom_it_reaches_can_be_changed_and_undone(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts", trust="stranger", reach=["10.0.0.5"])
    before = desk.reads.sources()
    done = sources.edit_source(desk, OWNER, "hosts", only_builders=True, reach=[])
    (view,) = desk.reads.sources()
    assert (view.only_builders, view.reach) == (True, ())
    acts.undo(desk, OWNER, done.act)
    assert desk.reads.sources() == before
    assert before[0].reach == ("10.0.0.5",)


def test_a_stranger_is_given_no_key(desk: Desk) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts", trust="stranger")
    with pytest.raises(Refused, match="read without any key"):
        sources.set_source_credential(desk, OWNER, "hosts", kind="token", secret="canary-123")


def test_days_and_times_are_kept_as_they_are_read(desk: Desk) -> None:
    source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
    sources.edit_source(desk, OWNER, source, schedule="Fri MON 4:00")
    assert desk.reads.sources()[0].schedule == "mon,fri 04:00"
    sources.edit_source(desk, OWNER, source, name="others")
    assert desk.reads.sources()[0].schedule == "mon,fri 04:00"
    sources.edit_source(desk, OWNER, source, schedule=" ")
    assert desk.reads.sources()[0].schedule == ""


def test_what_is_no_time_is_refused_beside_its_field(desk: Desk) -> None:
    source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
    with pytest.raises(Refused) as caught:
        sources.edit_source(desk, OWNER, source, schedule="now and then")
    assert [problem.where for problem in caught.value.problems] == [("schedule",)]
