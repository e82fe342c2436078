from pathlib import Path

import pytest
from starlette.testclient import TestClient

from appliance.model.installed import Installed
from tests.webui.home import desk_of
from webui.app import application
from webui.guard import BODY_LIMIT

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    home = Path("/nowhere")
    installed = Installed(home, home, home, None, home, home, home)
    return TestClient(application(desk_of(tmp_path), installed), base_url="http://127.0.0.1")


def refused(client: TestClient, headers: dict[str, str], path: str = "/") -> tuple[int, str, str]:
    answer = client.get(path, headers=headers)
    return answer.status_code, answer.headers["content-type"], answer.text


def test_a_browser_under_a_strange_name_gets_a_page(client: TestClient) -> None:
    status, kind, text = refused(client, {**BROWSER, "host": "evil.example"})
    assert (status, kind) == (421, "text/html; charset=utf-8")
    assert "<h1>This router has another name</h1>" in text
    assert 'class="btn"' not in text  # no page of ours is under that name


def test_a_program_under_a_strange_name_gets_json(client: TestClient) -> None:
    status, kind, _ = refused(client, {"host": "evil.example"})
    assert (status, kind) == (421, "application/json")


def test_the_api_speaks_json_even_to_a_browser(client: TestClient) -> None:
    _, kind, _ = refused(client, {**BROWSER, "host": "evil.example"}, "/api/v1/status")
    assert kind == "application/json"


def test_a_form_from_another_site_gets_a_page(client: TestClient) -> None:
    answer = client.post("/login", headers={**BROWSER, "sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "comes from another site" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_form_that_is_too_long_gets_a_page(client: TestClient) -> None:
    headers = {**BROWSER, "sec-fetch-site": "same-origin"}
    answer = client.post("/login", content=b"x" * (BODY_LIMIT + 1), headers=headers)
    assert answer.status_code == 413
    assert "<h1>That is too long</h1>" in answer.text


def test_such_a_page_is_as_closed_as_any_other(client: TestClient) -> None:
    answer = client.get("/", headers={**BROWSER, "host": "evil.example"})
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert int(answer.headers["content-length"]) == len(answer.content)
