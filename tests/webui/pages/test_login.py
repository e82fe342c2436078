import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from appliance.actions import access
from appliance.model.installed import Installed
from tests.webui.home import desk_of
from webui.app import application

PASSWORD = "four words in a row"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    """A router that belongs to nobody, and its claim code."""
    desk = desk_of(tmp_path)
    code = access.claim_code(desk)
    assert code is not None
    home = Path("/nowhere")
    installed = Installed(home, home, home, None, home, home, home)
    with TestClient(application(desk, installed), base_url="http://127.0.0.1") as client:
        client.headers["sec-fetch-site"] = "same-origin"
        yield client, code
    desk.close()


def claimed(client: TestClient, code: str) -> None:
    form = {"code": code, "name": "lena", "password": PASSWORD, "again": PASSWORD}
    assert client.post("/claim", data=form).status_code == 200


def test_a_new_router_asks_for_its_claim_code(fresh: tuple[TestClient, str]) -> None:
    client, _ = fresh
    assert "Claim this router" in client.get("/").text


def test_the_claim_leads_to_the_overview(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    claimed(client, code)
    assert "Signed in as lena" in client.get("/").text


def test_a_wrong_code_is_said_beside_it(fresh: tuple[TestClient, str]) -> None:
    client, _ = fresh
    form = {"code": "AAAA-AAAA", "password": PASSWORD, "again": PASSWORD}
    answer = client.post("/claim", data=form)
    assert answer.status_code == 422
    assert 'id="code-e"' in answer.text


def test_two_different_passwords_are_noticed(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    form = {"code": code, "password": PASSWORD, "again": "another one entirely"}
    assert 'id="again-e"' in client.post("/claim", data=form).text


def test_a_password_is_never_sent_back(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    form = {"code": code, "password": "short", "again": "short"}
    assert 'value="short"' not in client.post("/claim", data=form).text


def test_a_wrong_password_is_said_on_the_form(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    claimed(client, code)
    client.post("/logout")
    answer = client.post("/login", data={"name": "lena", "password": "not this one"})
    assert answer.status_code == 422
    assert re.search(r'class="(error|notice bad)"', answer.text)


def test_signing_in_goes_on_to_the_page_that_was_asked_for(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    claimed(client, code)
    client.post("/logout")
    form = re.search(r'name="onward" value="([^"]+)"', client.get("/builds").text)
    assert form is not None
    data = {"name": "lena", "password": PASSWORD, "onward": form[1]}
    assert client.post("/login", data=data).url.path == "/builds"


def test_signing_in_never_leads_to_another_site(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    claimed(client, code)
    client.post("/logout")
    data = {"name": "lena", "password": PASSWORD, "onward": "https://evil.example/"}
    answer = client.post("/login", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_the_claim_names_the_command_that_works_for_this_state(
    fresh: tuple[TestClient, str], tmp_path: Path
) -> None:
    client, _ = fresh
    assert f"<code>/nowhere/nixie claim --state {tmp_path}</code>" in client.get("/claim").text


def test_the_way_back_in_names_the_command_that_works_for_this_state(
    fresh: tuple[TestClient, str], tmp_path: Path
) -> None:
    client, code = fresh
    claimed(client, code)
    client.post("/logout")
    assert f"<code>/nowhere/nixie rescue --state {tmp_path}</code>" in client.get("/login").text


@pytest.mark.parametrize("path", ["/claim", "/login"])
def test_too_many_tries_are_told_with_the_seconds(fresh: tuple[TestClient, str], path: str) -> None:
    client, code = fresh
    if path == "/login":
        claimed(client, code)
        client.post("/logout")
    form = {"code": "AAAA-AAAA", "name": "lena", "password": "wrong but long", "again": ""}
    form["again"] = form["password"]
    answers = [client.post(path, data=form) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429]
    assert answers[-1].headers["retry-after"] == "2"
    assert "Wait 2 s, then try again." in answers[-1].text


def test_a_chosen_theme_is_rendered_by_the_server(fresh: tuple[TestClient, str]) -> None:
    client, code = fresh
    claimed(client, code)
    html = client.post("/theme", data={"choice": "dark", "back": "/sources"})
    assert html.url.path == "/sources"
    assert '<html lang="en" data-theme="dark">' in html.text
