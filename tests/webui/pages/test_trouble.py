import re
import sqlite3

import pytest
from starlette.testclient import TestClient

from tests.webui.pages.conftest import Home


def test_a_page_that_is_not_there_keeps_the_way_to_the_others(home: Home) -> None:
    html = home.client.get("/nowhere").text
    assert 'id="way-machines"' in html
    assert "Signed in as lena" in html


def test_a_machine_that_was_removed_meanwhile_is_said_kindly(lived_in: Home) -> None:
    machine = lived_in.ids["ember-machine"]
    lived_in.post(f"/machines/{machine}/remove")
    answer = lived_in.client.post(f"/machines/{machine}/next", data={"next": "hold"})
    assert answer.status_code == 404
    assert "It may have been removed; then nothing was changed." in answer.text
    assert machine not in answer.text
    assert 'id="way-machines"' in answer.text


def test_what_cannot_be_done_leads_back_to_where_it_was_tried(lived_in: Home) -> None:
    headers = {"referer": "http://127.0.0.1/builds?show=failed&done=x"}
    answer = lived_in.client.post("/builds/b3/stop", headers=headers)
    assert answer.status_code == 422
    assert "The build of ember ended before: built." in answer.text
    assert re.search(r'<a class="btn" href="/builds\?show=failed">.*Back</a>', answer.text)


def test_another_site_is_no_way_back(lived_in: Home) -> None:
    headers = {"referer": "http://evil.example//evil.example/x"}
    answer = lived_in.client.post("/builds/b3/stop", headers=headers)
    assert 'href="//evil' not in answer.text


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/builds/b3/stop", "/builds/b3"),
        ("/directories/forbid", "/sources"),
        ("/inbox/boot", "/machines"),
        ("/system/tokens", "/system"),
        ("/menus/{menu}/remove", "/menus?edit={menu}"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page(home: Home, path: str, page: str) -> None:
    answer = home.client.get(path.format(**home.ids))
    assert answer.status_code == 200
    assert str(answer.url).partition("127.0.0.1")[2].partition("#")[0] == page.format(**home.ids)


def test_a_broken_page_keeps_the_way_to_the_others(lived_in: Home) -> None:
    file = sqlite3.connect(lived_in.state / "boot.db", isolation_level=None)
    file.execute("UPDATE boot SET facts = 'no JSON'")
    file.close()
    told = TestClient(
        lived_in.client.app, base_url="http://127.0.0.1", raise_server_exceptions=False
    )
    told.cookies = lived_in.client.cookies
    answer = told.get("/machines")
    assert answer.status_code == 500
    assert 'id="way-sources"' in answer.text


def test_a_place_with_an_ampersand_is_still_that_place(home: Home) -> None:
    html = home.get("/machines?q=a%26b%3Dc")
    assert 'name="back" value="/machines?q=a%26b%3Dc"' in html
