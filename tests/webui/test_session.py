"""Sessions as a browser has them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from appliance.cli.client import Client, Failed, Where
from tests.webui.conftest import PASSWORD, Admin


def test_an_unclaimed_router_sends_everybody_to_the_claim(admin: Admin) -> None:
    with admin.client() as client:
        answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/claim")


def test_nobody_known_is_sent_to_the_login_and_back(admin: Admin) -> None:
    admin.claim()
    with admin.client() as client:
        answer = client.get("/machines?show=short")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/machines%3Fshow%3Dshort"


def test_a_fragment_sends_the_whole_page_to_the_login(admin: Admin) -> None:
    admin.claim()
    with admin.client() as client:
        answer = client.get("/machines", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


def test_the_cookie_is_for_this_site_and_no_script(admin: Admin) -> None:
    admin.claim()
    with admin.client() as client:
        done = client.post(
            "/login",
            data={"name": "owner", "password": PASSWORD},
            headers={"sec-fetch-site": "same-origin"},
        )
    cookie = done.headers["set-cookie"].lower()
    assert cookie.startswith("nixie=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


def test_a_session_id_chosen_by_somebody_else_is_not_used(admin: Admin) -> None:
    admin.claim()
    with admin.client() as client:
        client.cookies.set("nixie", "chosen-by-somebody-else")
        client.headers["sec-fetch-site"] = "same-origin"
        client.post("/login", data={"name": "owner", "password": PASSWORD})
        values = [cookie.value for cookie in client.cookies.jar]
        assert any(value != "chosen-by-somebody-else" for value in values)
    with admin.client() as thief:
        thief.cookies.set("nixie", "chosen-by-somebody-else")
        assert thief.get("/api/v1/me").status_code == 401


def test_a_signed_out_cookie_opens_nothing(admin: Admin) -> None:
    with admin.owner() as owner:
        cookie = owner.cookies["nixie"]
        assert owner.get("/api/v1/me").json()["name"] == "owner"
        owner.post("/logout")
    with admin.client() as thief:
        thief.cookies.set("nixie", cookie)
        assert thief.get("/api/v1/me").status_code == 401


def test_guessing_is_answered_429_whatever_address_is_claimed(admin: Admin) -> None:
    admin.claim()

    def guess(number: int) -> int:
        with admin.client(**{"sec-fetch-site": "same-origin"}) as client:
            return client.post(
                "/login",
                data={"name": "owner", "password": "wrong"},
                headers={"x-forwarded-for": f"192.0.2.{number}"},
            ).status_code

    codes = (guess(number) for number in range(20))  # pauses double, so 20 never fit in
    assert next(codes) == 422
    assert 429 in codes


@contextmanager
def at(admin: Admin, address: str) -> Iterator[httpx.Client]:
    """A browser at another address of the loopback network."""
    with httpx.Client(
        base_url=admin.url,
        transport=httpx.HTTPTransport(local_address=address),
        headers={"sec-fetch-site": "same-origin"},
        timeout=20,
    ) as client:
        yield client


def test_the_owner_signs_in_while_somebody_guesses(admin: Admin) -> None:
    good = {"name": "owner", "password": PASSWORD}
    with admin.owner() as signed_in, at(admin, "127.0.0.66") as thief:
        answers = [
            thief.post("/login", data={"name": f"name-{number}", "password": "wrong"})
            for number in range(61)
        ]
        late = answers[-1]
        assert late.status_code == 429
        assert re.search(r"Wait \d+ s, then try again\.", late.text)
        assert int(late.headers["retry-after"]) >= 1
        assert thief.post("/login", data=good).status_code == 429
        with at(admin, "127.0.0.2") as owner:
            assert owner.post("/login", data=good).status_code == 303
        assert signed_in.get("/api/v1/me").status_code == 200
    own = Client(Where(admin.state))
    for _ in range(20):
        with pytest.raises(Failed, match="not the password so far"):
            own.put("/me/password", {"old": "wrong", "new": "quite another phrase", "name": "lena"})
    own.close()


def test_a_session_lives_on_at_the_very_address_that_guesses(admin: Admin) -> None:
    admin.claim()
    with at(admin, "127.0.0.66") as both:
        both.post("/login", data={"name": "owner", "password": PASSWORD})
        with at(admin, "127.0.0.66") as thief:
            codes = [
                thief.post("/login", data={"name": "owner", "password": "wrong"}).status_code
                for _ in range(20)
            ]
        assert codes[-1] == 429
        assert both.get("/api/v1/me").status_code == 200


def test_a_token_is_not_a_cookie(admin: Admin) -> None:
    secret = (admin.state / "secrets" / "web" / "local-token").read_text().strip()
    with admin.client() as client:
        client.cookies.set("nixie", secret)
        assert client.get("/api/v1/me").status_code == 401


def test_pages_that_are_not_there_say_so(admin: Admin) -> None:
    with admin.owner() as owner:
        answer: httpx.Response = owner.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
