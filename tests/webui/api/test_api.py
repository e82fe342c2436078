"""The API as a program meets it: over a socket, with a token."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.store import builds
from appliance.store.open import writer
from tests.webui.conftest import PASSWORD, Admin, serving

API = "/api/v1"
MAC = "52:54:00:12:34:56"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Somebody with the box's own key, before one admin for all tests that leave no trace."""
    state = tmp_path_factory.mktemp("local")
    with serving(state) as port, Admin(f"http://127.0.0.1:{port}", state).local() as client:
        yield client


def problems(answer: httpx.Response) -> list[tuple[list[str | int], str]]:
    return [(one["where"], one["what"]) for one in answer.json()["problems"]]


def test_without_a_token_nothing_is_told(admin: Admin) -> None:
    with admin.client() as client:
        answer = client.get(f"{API}/status")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_new_router_says_how_it_is(admin: Admin) -> None:
    with admin.local() as client:
        status = client.get(f"{API}/status").json()
    assert status["claimed"] is False
    assert status["started"] == {
        "nixie": True,
        "net": False,
        "leases": False,
        "boot": False,
        "build": False,
        "wan": False,
        "notice": False,
    }


def test_a_source_is_added_and_found_by_name(admin: Admin) -> None:
    with admin.local() as client:
        done = client.post(f"{API}/sources", json={"url": "github:owner/hosts"})
        assert done.status_code == 201
        shown = client.get(f"{API}/sources/hosts").json()
    assert shown["id"] == done.json()["subject"]
    assert (shown["state"], shown["has_credential"]) == ("waiting", False)


def test_a_wrong_address_is_answered_beside_its_field(admin: Admin) -> None:
    with admin.local() as client:
        answer = client.post(f"{API}/sources", json={"url": "owner/hosts"})
    assert answer.status_code == 422
    assert problems(answer) == [
        (
            ["url"],
            "The kind of address is missing. Write github:owner/hosts if it lies on GitHub.",
        )
    ]


OBJECT = "A JSON object belongs here, sent as Content-Type: application/json."
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("sent", "where", "what"),
    [
        ({"json": {"url": 7}}, ["url"], "7 is no text."),
        ({"json": {}}, ["url"], "This is missing."),
        ({"json": {"url": "x" * 2000}}, ["url"], "This is too long: at most 1024 characters."),
        ({"json": {"url": "x", "as_built": "maybe"}}, ["as_built"], "'maybe' is no true or false."),
        (
            {"json": {"url": "x", "interval_seconds": -1}},
            ["interval_seconds"],
            "-1 is too small: at least 0.",
        ),
        (
            {"json": {"url": "x", "interval_seconds": 1.5}},
            ["interval_seconds"],
            "1.5 is no whole number.",
        ),
        (
            {"json": {"url": "x", "bogus": 1}},
            ["bogus"],
            "Nothing here is called bogus. There are url, name, trust, as_built, allow_ifd, "
            "interval_seconds, only_builders and reach.",
        ),
        ({"json": ["x"]}, [], OBJECT),
        ({"content": b"url"}, [], OBJECT),
        ({}, [], f"The body is missing. {OBJECT}"),
        (
            {"content": b'{"url": x}', "headers": JSON},
            [],
            "This is no JSON from character 8 on. Send one JSON object.",
        ),
    ],
)
def test_a_request_of_the_wrong_shape_is_told_in_our_words(
    local: httpx.Client, sent: dict[str, Any], where: list[str], what: str
) -> None:
    answer = local.post(f"{API}/sources", **sent)
    assert (answer.status_code, problems(answer)) == (422, [(where, what)])


@pytest.mark.parametrize(
    ("method", "path", "code", "what"),
    [
        ("GET", "/boots?limit=ten", 422, "'ten' is no whole number."),
        ("GET", "/boots?limit=501", 422, "'501' is too large: at most 500."),
        ("GET", "/journal?kind=Bogus", 422, "No event is called Bogus."),
        ("GET", "/journal?after=passwd:1", 422, "it is like boot:12.build:40."),
        ("GET", "/images/xyz", 422, "'xyz' is not like ^[0-9a-f]{64}$."),
        ("PATCH", "/status", 405, "PATCH is not taken here: there is GET."),
        ("GET", "/boots?before=none", 404, "There is no such boot"),
        ("GET", "/menus/none", 404, "GET /menus lists them."),
        ("GET", "/wishes/none", 404, "The answer to an act names it."),
    ],
)
def test_every_refusal_has_a_sentence_of_ours(
    local: httpx.Client, method: str, path: str, code: int, what: str
) -> None:
    answer = local.request(method, API + path)
    assert answer.status_code == code
    assert what in problems(answer)[0][1]


def test_nothing_is_added_with_a_word_that_is_not_known(local: httpx.Client) -> None:
    answer = local.post(f"{API}/menus", json={"name": "cellar", "bogus": 1})
    assert answer.status_code == 422
    assert "cellar" not in local.get(f"{API}/menus").text


@pytest.mark.parametrize(
    ("headers", "code", "what"),
    [
        ({"host": "evil.example"}, 421, "Write its address or its own name."),
        ({"sec-fetch-site": "cross-site"}, 403, "Do it on the admin's own page."),
        ({"content-length": str(2 << 20)}, 413, "at most 1 MiB"),
    ],
)
def test_the_guard_answers_in_the_apis_shape(
    local: httpx.Client, headers: dict[str, str], code: int, what: str
) -> None:
    body = b"x" * (2 << 20) if code == 413 else b""
    answer = local.post(f"{API}/sources", content=body, headers=headers)
    assert answer.status_code == code
    (where, said), *_ = problems(answer)
    assert where == []
    assert what in said


def test_lists_go_on_before_the_last_one(local: httpx.Client) -> None:
    for number in range(5):
        local.post(f"{API}/menus", json={"name": f"menu-{number}"})
    first = local.get(f"{API}/acts", params={"limit": 2}).json()
    rest = local.get(f"{API}/acts", params={"limit": 2, "before": first[-1]["id"]}).json()
    said = [one["what"] for one in (*first, *rest)]
    assert said == [f"The menu menu-{n} is made." for n in (4, 3, 2, 1)]


def test_one_menu_is_found_by_name(local: httpx.Client) -> None:
    made = local.post(f"{API}/menus", json={"name": "workshop"}).json()
    assert local.get(f"{API}/menus/workshop").json()["id"] == made["subject"]


def test_a_machine_is_assigned_by_mac(admin: Admin, judged: Callable[[str, str], str]) -> None:
    with admin.local() as client:
        source = client.post(f"{API}/sources", json={"url": "github:owner/hosts"}).json()
        host = judged(source["subject"], "ember")
        done = client.put(f"{API}/machines/{MAC}/intent", json={"host": "ember", "name": "desk-1"})
        assert done.status_code == 200
        shown = client.get(f"{API}/machines/desk-1").json()
        assert (shown["host"], shown["macs"]) == (host, [{"network": None, "mac": MAC}])
        assert client.post(f"{API}/acts/{done.json()['act']}/undo").status_code == 200
        assert client.get(f"{API}/machines").json() == []


def test_a_token_does_no_more_than_its_scope(admin: Admin) -> None:
    with admin.local() as client:
        made = client.post(f"{API}/tokens", json={"name": "watch", "scope": "read"}).json()
    with admin.client(authorization=f"Bearer {made['secret']}") as client:
        assert client.get(f"{API}/sources").status_code == 200
        refused = client.post(f"{API}/sources", json={"url": "github:owner/hosts"})
        assert refused.status_code == 403
        assert client.get(f"{API}/tokens").status_code == 403


def test_a_viewer_changes_their_own_password(admin: Admin) -> None:
    admin.claim()
    with admin.local() as client:
        secret = client.post(f"{API}/tokens", json={"name": "viewer"}).json()["secret"]
    new = {"old": PASSWORD, "new": "quite another phrase", "name": "owner"}
    with admin.client(authorization=f"Bearer {secret}") as viewer:
        assert viewer.put(f"{API}/me/password", json={**new, "name": ""}).status_code == 422
        assert viewer.put(f"{API}/me/password", json=new).status_code == 200
    with admin.client(**{"sec-fetch-site": "same-origin"}) as client:
        form = {"name": "owner", "password": "quite another phrase"}
        assert client.post("/login", data=form).status_code == 303


def test_a_claim_works_once(admin: Admin) -> None:
    new = {"code": admin.code(), "password": "four words in a row"}
    with admin.client() as client:
        assert client.post(f"{API}/claim", json=new).status_code == 201
        assert client.post(f"{API}/claim", json=new).status_code == 403


def test_what_was_confirmed_is_in_the_file(admin: Admin) -> None:
    with admin.local() as client:
        client.post(f"{API}/sources", json={"url": "github:owner/hosts"})
        secret = client.post(f"{API}/tokens", json={"name": "x"}).json()["secret"]
    stored = b"".join(path.read_bytes() for path in admin.state.glob("*.db*"))
    assert b"github:owner/hosts" in stored
    assert secret.encode() not in stored


def test_an_unknown_path_of_the_api_is_answered_as_problems(admin: Admin) -> None:
    with admin.local() as client:
        answer = client.get(f"{API}/nothing")
    assert (answer.status_code, problems(answer)) == (
        404,
        [([], "There is nothing here. GET /api/v1/openapi.json lists what there is.")],
    )


def test_a_log_is_read_in_ranges(
    admin: Admin, judged: Callable[[str, str], str], tmp_path: Path
) -> None:
    judged("s", "ember")
    with closing(writer(tmp_path / "build.db", builds.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO build (id, host, source, name, revision, state, why, queued_at, log)"
            " VALUES ('b1', 's/ember', 's', 'ember', 1, 'running', 'asked', 1, 'b1.log')"
        )
    (tmp_path / "logs" / "builds").mkdir(parents=True)
    (tmp_path / "logs" / "builds" / "b1.log").write_text("one\ntwo\nthree\n")
    with admin.local() as client:
        first = client.get(f"{API}/builds/b1/log", params={"limit": 9}).json()
        assert (first["text"], first["end"], first["finished"]) == ("one\ntwo\n", 8, False)
        rest = client.get(f"{API}/builds/b1/log", params={"start": first["end"]}).json()
        assert rest["text"] == "three\n"
        last = client.get(f"{API}/builds/b1/log", params={"start": -7}).json()
        assert last["text"] == "three\n"


def test_a_new_stream_begins_with_one_bell_of_each_kind(admin: Admin) -> None:
    with admin.local() as client, client.stream("GET", f"{API}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        rung = bells(answer, 9)
    assert rung == [
        "sources",
        "builds",
        "machines",
        "boots",
        "leases",
        "devices",
        "changes",
        "wan",
        "events",
    ]


def test_an_act_rings_its_bell(admin: Admin) -> None:
    with admin.local() as client, client.stream("GET", f"{API}/events") as answer:
        lines = answer.iter_lines()
        first = [next(lines) for _ in range(2 + 3 * 9)]
        assert "event: events" in first
        with admin.local() as other:
            other.put(f"{API}/networks/*/default", json={"kind": "nothing"})
        seen: list[str] = []
        while "event: machines" not in seen:
            seen.append(next(lines))


def bells(answer: httpx.Response, count: int) -> list[str]:
    """The first `count` events of a stream."""
    found: list[str] = []
    for line in answer.iter_lines():
        if line.startswith("event: "):
            found.append(line.removeprefix("event: "))
            if len(found) == count:
                break
    return found


def test_a_viewer_changes_nothing_by_any_route(admin: Admin) -> None:
    with admin.local() as client:
        secret = client.post(f"{API}/tokens", json={"name": "viewer"}).json()["secret"]
        paths = client.get(f"{API}/openapi.json").json()["paths"]
    changing = [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if method != "get" and not path.endswith(("/claim", "/me/password"))
    ]
    assert len(changing) > 25
    with admin.client(authorization=f"Bearer {secret}") as viewer:
        answers = {one: viewer.request(*one, json={}).status_code for one in changing}
    assert set(answers.values()) == {403}, answers
