"""The guard as browsers and attackers meet it, over a socket."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.webui.conftest import Admin
from webui.guard import BODY_LIMIT, host_is_ours, origin_is_ours

API = "/api/v1"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("10.77.0.1", True),
        ("10.77.0.1:8443", True),
        ("[fe80::1%25eth0]:443", True),
        ("[2001:db8::1]", True),
        ("localhost:8080", True),
        ("nixie.lan", True),
        ("NIXIE.LAN.:80", True),
        ("evil.example", False),
        ("10.77.0.1.evil.example", False),
        ("nixie.lan.evil.example", False),
        ("nixie.lan@evil.example", False),
        ("", False),
        ("[", False),
        ("a:b:c", False),
    ],
)
def test_a_host_is_ours_by_address_or_by_name(host: str, ours: bool) -> None:
    assert host_is_ours(host, {"nixie.lan"}) is ours


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({b"sec-fetch-site": "same-origin"}, True),
        ({b"sec-fetch-site": "none"}, True),
        ({b"sec-fetch-site": "same-site"}, False),
        ({b"sec-fetch-site": "cross-site"}, False),
        ({b"sec-fetch-site": "cross-site", b"origin": "http://nixie.lan"}, False),
        ({b"origin": "http://nixie.lan"}, True),
        ({b"origin": "https://nixie.lan"}, False),
        ({b"origin": "http://nixie.lan:8080"}, False),
        ({b"origin": "null"}, False),
        ({}, True),
        ({b"cookie": "nixie=x"}, False),
        ({b"cookie": "theme=dark; __Host-nixie=x"}, False),
        ({b"cookie": "theme=dark"}, True),
    ],
)
def test_a_change_comes_from_our_own_pages(headers: dict[bytes, str], ours: bool) -> None:
    assert origin_is_ours("http", "nixie.lan", headers) is ours


def test_a_foreign_name_is_answered_421_even_for_the_owner(admin: Admin) -> None:
    with admin.owner() as owner:
        assert owner.get("/", headers={"host": "evil.example"}).status_code == 421


def test_every_answer_has_the_strict_headers(admin: Admin) -> None:
    with admin.client() as client:
        for path in ("/login", "/static/nixie.css", f"{API}/status", "/nothing"):
            headers = client.get(path).headers
            assert "script-src 'self'" in headers["content-security-policy"], path
            assert "unsafe" not in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["cache-control"] in ("no-store", "no-cache"), path
            assert "server" not in headers, path


def test_no_route_that_changes_something_answers_another_site(admin: Admin) -> None:
    with admin.owner() as owner:
        schema = owner.get(f"{API}/openapi.json").json()
        changing = [
            (method.upper(), path)
            for path, methods in schema["paths"].items()
            for method in methods
            if method != "get"
        ]
        changing += [("POST", path) for path in ("/login", "/logout", "/claim", "/sources")]
        assert len(changing) > 30
        for method, path in changing:
            for attack in (
                {"sec-fetch-site": "cross-site"},
                {"sec-fetch-site": "cross-site", "content-type": "text/plain"},
                {"sec-fetch-site": "same-site", "origin": "http://evil.example"},
            ):
                answer = owner.request(method, path, headers=attack)
                assert answer.status_code == 403, (method, path, attack)


def test_a_long_body_is_refused_before_it_is_read(admin: Admin) -> None:
    with admin.local() as client:
        headers = {"content-length": str(BODY_LIMIT + 1)}
        answer = client.post(f"{API}/sources", content=b"x" * (BODY_LIMIT + 1), headers=headers)
        assert answer.status_code == 413


def test_a_body_that_says_nothing_of_its_length_is_cut_off(admin: Admin) -> None:
    secret = (admin.state / "secrets" / "web" / "local-token").read_text().strip()
    raw = http.client.HTTPConnection(urlsplit(admin.url).netloc, timeout=20)
    pieces = (b"x" * 65536 for _ in range(BODY_LIMIT // 65536 + 2))
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    raw.request("POST", f"{API}/sources", pieces, headers, encode_chunked=True)
    assert raw.getresponse().status == 413
    raw.close()
