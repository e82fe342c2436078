import re

from starlette.testclient import TestClient

from tests.webui.pages.conftest import Home
from webui.guard import COOKIES

PASSWORD, NEXT = "four words in a row", "quite another phrase"


def browser(home: Home, password: str) -> TestClient:
    """Another browser that signs in; it has no cookie when it may not."""
    client = TestClient(home.client.app, base_url="http://127.0.0.1")
    client.headers["sec-fetch-site"] = "same-origin"
    client.post("/login", data={"name": "lena", "password": password})
    return client


def test_the_menu_of_the_user_leads_to_it(lived_in: Home) -> None:
    assert re.search(r'<a href="/password">.*Change the password</a>', lived_in.get("/"))


def test_another_password_signs_other_browsers_out(lived_in: Home) -> None:
    other = browser(lived_in, PASSWORD)
    assert other.get("/api/v1/me").status_code == 200
    html = lived_in.post("/password", old=PASSWORD, new=NEXT, again=NEXT)
    assert "The password is changed. Other browsers have to sign in again." in html
    assert other.get("/api/v1/me").status_code == 401
    assert lived_in.client.get("/api/v1/me").status_code == 200


def test_the_next_password_is_the_one_that_opens(lived_in: Home) -> None:
    lived_in.post("/password", old=PASSWORD, new=NEXT, again=NEXT)
    assert COOKIES[1] not in browser(lived_in, PASSWORD).cookies
    assert COOKIES[1] in browser(lived_in, NEXT).cookies


def test_a_wrong_password_so_far_is_said_beside_it(lived_in: Home) -> None:
    html = lived_in.post("/password", old="not this one", new=NEXT, again=NEXT)
    assert 'id="old-e"' in html
    assert NEXT not in html


def test_two_different_new_passwords_are_noticed(lived_in: Home) -> None:
    assert 'id="again-e"' in lived_in.post("/password", old=PASSWORD, new=NEXT, again="x")


def test_guessing_the_password_so_far_is_held_up(lived_in: Home) -> None:
    form = {"old": "not this one", "new": NEXT, "again": NEXT}
    answers = [lived_in.client.post("/password", data=form) for _ in range(5)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "2"
