"""The draft over HTTP, as a program uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.webui.conftest import Admin
from webui.api.changes import EXAMPLE

API = "/api/v1"
NAMED = {**EXAMPLE, "hostname": "ember"}


@contextmanager
def begun(admin: Admin) -> Iterator[httpx.Client]:
    """The box itself, with a first configuration and a draft."""
    with admin.local() as client:
        assert client.post(f"{API}/config", json=EXAMPLE).status_code == 202
        answer = client.put(f"{API}/draft", json=NAMED)
        assert answer.status_code == 200, answer.text
        yield client


def shown(client: httpx.Client) -> Any:
    answer = client.get(f"{API}/draft")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_a_draft_there_is_none_to_show(admin: Admin) -> None:
    with admin.local() as client:
        answer = client.get(f"{API}/draft")
        assert answer.status_code == 404
        assert "Everything is applied." in answer.text


def test_before_the_first_configuration_there_is_nothing_to_draft(admin: Admin) -> None:
    with admin.local() as client:
        assert client.put(f"{API}/draft", json=EXAMPLE).status_code == 404


def test_a_draft_tells_what_it_would_change(admin: Admin) -> None:
    with begun(admin) as client:
        found = shown(client)
    assert (found["began"], found["base"]) == (1, 1)
    assert found["differences"] == ["The router's name becomes ember (was nixie)."]
    assert found["config"]["hostname"] == "ember"


def test_a_draft_with_problems_is_refused_with_their_places(admin: Admin) -> None:
    with begun(admin) as client:
        answer = client.put(f"{API}/draft", json={**NAMED, "domain": "local"})
        assert answer.status_code == 422
        assert answer.json()["problems"][0]["where"] == ["domain"]
        assert shown(client)["config"]["domain"] == "lan"


def test_a_discarded_draft_comes_back_by_undo(admin: Admin) -> None:
    with begun(admin) as client:
        done = client.delete(f"{API}/draft").json()
        assert client.get(f"{API}/draft").status_code == 404
        assert client.post(f"{API}/acts/{done['act']}/undo").status_code == 200
        assert shown(client)["config"]["hostname"] == "ember"


def test_what_was_read_is_applied(admin: Admin) -> None:
    with begun(admin) as client:
        found = shown(client)
        words = {"base": found["base"], "seen": found["seen"]}
        answer = client.post(f"{API}/draft/apply", params=words)
        assert answer.status_code == 202, answer.text
        assert answer.json()["subject"] == "2"


def test_what_was_not_read_is_a_clash(admin: Admin) -> None:
    with begun(admin) as client:
        found = shown(client)
        client.put(f"{API}/draft", json={**NAMED, "domain": "home.example"})
        words = {"base": found["base"], "seen": found["seen"]}
        assert client.post(f"{API}/draft/apply", params=words).status_code == 409


def test_a_token_that_may_write_does_not_draft(admin: Admin) -> None:
    with begun(admin) as client:
        made = client.post(f"{API}/tokens", json={"name": "ci", "scope": "write"}).json()
        headers = {"authorization": f"Bearer {made['secret']}"}
        assert client.put(f"{API}/draft", json=EXAMPLE, headers=headers).status_code == 403
