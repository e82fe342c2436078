"""The API as a program meets it: over a socket, with a token."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from appliance.store import builds
from appliance.store.open import writer
from tests.webui.conftest import PASSWORD, Admin

API = "/api/v1"
MAC = "52:54:00:12:34:56"


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


def test_a_request_of_the_wrong_shape_says_where(admin: Admin) -> None:
    with admin.local() as client:
        answer = client.post(f"{API}/sources", json={"url": 7})
        broken = client.post(f"{API}/sources", content=b"{")
    assert answer.status_code == 422
    assert problems(answer)[0][0] == ["url"]
    assert broken.status_code == 422


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
    assert (answer.status_code, problems(answer)) == (404, [([], "There is nothing here.")])


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
        rung = bells(answer, 7)
    assert rung == ["sources", "builds", "machines", "boots", "leases", "changes", "events"]


def test_an_act_rings_its_bell(admin: Admin) -> None:
    with admin.local() as client, client.stream("GET", f"{API}/events") as answer:
        lines = answer.iter_lines()
        first = [next(lines) for _ in range(2 + 3 * 7)]
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


def test_every_route_of_the_api_has_words_and_a_refusal(admin: Admin) -> None:
    with admin.local() as client:
        schema = client.get(f"{API}/openapi.json").json()
    json.dumps(schema)
    operations = [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 40
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert path.startswith(API), where
        assert operation.get("description"), where
        assert {"401", "403", "422"} <= set(operation["responses"]), where
        assert operation["security"], where


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
