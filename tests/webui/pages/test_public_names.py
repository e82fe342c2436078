import json
from contextlib import closing

from appliance.events import PublicNameUnpublished
from appliance.store import journal, notices, public_names
from appliance.store.journal import append
from appliance.store.open import writer
from appliance.store.public_names import Outcome, Record
from tests.webui.home import NOW
from tests.webui.memory import remembering
from tests.webui.pages.conftest import Home

NAME = "home.example.org"
DYN = {"deed": "save", "service": "dyn", "name": NAME, "user": "lena", "secret": "canary"}
SERVER = {
    "deed": "save",
    "service": "rfc2136",
    "name": NAME,
    "server": "ns1.example.org",
    "key": "router",
    "secret": "Y2FuYXJ5",
}


def saved(home: Home, form: dict[str, str] = DYN, **more: str) -> str:
    with remembering(home.state, "notice", [True]):
        return home.post("/internet/names", **{**form, **more})


def ident(home: Home) -> str:
    (one,) = home.desk.reads.public_names()
    return one.id


def stands(home: Home, record: Record) -> None:
    with closing(writer(home.state / "notice.db", notices.MIGRATIONS)) as own:
        public_names.write(own, ident(home), record)


def test_by_itself_no_name_follows(home: Home) -> None:
    assert "No name follows this router yet" in home.get("/internet/names")
    assert "No name follows this router’s address" in home.get("/internet")


def test_a_form_has_what_its_service_wants(home: Home) -> None:
    def asked(service: str) -> set[str]:
        said = home.get(f"/internet/names?new={service}")
        every = ("server", "user", "zone", "key", "algorithm", "ttl", "secret", "refresh_days")
        return {one for one in every if f'name="{one}"' in said}

    always = {"secret", "refresh_days"}
    assert asked("dyn") == always | {"user"}
    assert asked("dyndns2") == always | {"user", "server"}
    assert asked("duckdns") == always
    assert asked("rfc2136") == always | {"server", "zone", "key", "algorithm", "ttl"}


def test_a_name_is_added(lived_in: Home) -> None:
    said = saved(lived_in)
    assert NAME in said
    assert "About to publish" in said
    (one,) = lived_in.desk.reads.public_names()
    assert (one.name, one.service, one.settings["user"]) == (NAME, "dyn", "lena")


def test_a_name_of_a_name_server_is_added(lived_in: Home) -> None:
    saved(lived_in, SERVER)
    (one,) = lived_in.desk.reads.public_names()
    assert one.settings["zone"] == "example.org"


def test_a_secret_is_shown_nowhere(lived_in: Home) -> None:
    shown = saved(lived_in)
    pages = shown + lived_in.get(f"/internet/names?edit={ident(lived_in)}")
    assert "canary" not in pages + lived_in.get("/changes") + lived_in.get("/api/v1/public-names")


def test_a_problem_stands_beside_its_field(lived_in: Home) -> None:
    said = saved(lived_in, SERVER, zone="other.org", ttl="5")
    assert said.count('aria-invalid="true"') == 2
    assert "The zone is the end of the name" in said
    assert lived_in.desk.reads.public_names() == []


def test_a_name_is_changed_without_its_secret(lived_in: Home) -> None:
    saved(lived_in)
    lived_in.post("/internet/names", **{**DYN, "secret": "", "user": "kim", "id": ident(lived_in)})
    (one,) = lived_in.desk.reads.public_names()
    assert one.settings["user"] == "kim"


def test_a_name_is_removed(lived_in: Home) -> None:
    saved(lived_in)
    lived_in.post("/internet/names", deed="remove", id=ident(lived_in))
    assert lived_in.desk.reads.public_names() == []


def test_update_now_comes_back_for_the_answer(lived_in: Home) -> None:
    saved(lived_in)
    said = lived_in.post("/internet/names", deed="publish", id=ident(lived_in))
    assert "It is being published" in said


def test_where_it_leads_is_shown(lived_in: Home) -> None:
    saved(lived_in)
    done = Record(
        NAME, Outcome.PUBLISHED, "Dyn published it.", "203.0.113.5", "2001:db8::5",
        published_at=NOW - 180, tried_at=NOW - 180,
    )  # fmt: skip
    stands(lived_in, done)
    for path in ("/internet/names", "/internet"):
        said = lived_in.get(path)
        assert "203.0.113.5" in said
        assert "2001:db8::5" in said
    assert "3\xa0min ago: Dyn published it." in lived_in.get("/internet/names")


def test_what_a_service_said_cannot_write_html(lived_in: Home) -> None:
    saved(lived_in)
    stands(lived_in, Record(NAME, Outcome.STOPPED, "It said: <b>no</b>", tried_at=NOW - 5))
    said = lived_in.get("/internet/names")
    assert "Not published" in said
    assert "<b>no</b>" not in said


def test_the_next_try_is_shown(lived_in: Home) -> None:
    saved(lived_in)
    failed = Record(NAME, Outcome.FAILED, "busy", tried_at=NOW - 60, next_at=NOW + 1800, failures=1)
    stands(lived_in, failed)
    assert "Again in 30\xa0min" in lived_in.get("/internet/names")


def test_a_name_that_does_not_follow_is_a_warning_of_the_overview(lived_in: Home) -> None:
    with (
        closing(writer(lived_in.state / "notice.db", notices.MIGRATIONS)) as own,
        journal.transaction(own),
    ):
        append(own, PublicNameUnpublished(NAME, "Dyn does not know it."), NOW - 5)
    said = lived_in.get("/")
    assert f"{NAME} does not follow this router: Dyn does not know it." in said
    assert 'href="/internet/names"' in said


def test_the_api_tells_how_a_name_stands(lived_in: Home) -> None:
    saved(lived_in)
    stands(lived_in, Record(NAME, Outcome.PUBLISHED, waits="There is no internet.", v4="9.9.9.9"))
    (told,) = json.loads(lived_in.get("/api/v1/public-names"))
    assert (told["name"], told["state"], told["what"]) == (
        NAME,
        "waiting",
        "There is no internet.",
    )
    assert told["leads_to"] == ["9.9.9.9"]
    assert "secret" not in told
