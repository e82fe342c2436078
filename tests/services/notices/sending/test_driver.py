"""Mail and requests to real servers on loopback."""

import json
from pathlib import Path

import pytest

from appliance.model.notices import MAIL, NTFY, WEBHOOK, Channel
from appliance.store.notices import Notice
from services.notices.letter import SIGNATURE, mail, post, signature
from services.notices.sending.driver import NotSent, send_mail, send_post
from tests.services.notices.peers import (
    PASSWORD,
    USER,
    Mailbox,
    certificate,
    mail_server,
    web_server,
)

NOTICES = [Notice("internet", "There is no internet: grün.\n.", 1_773_609_247.0)]


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this machine trusts."""
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def settings(box: Mailbox, security: str, user: str = USER) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(box.port),
        "security": security,
        "user": user,
        "sender": "router@home.example",
        "recipient": "lena@home.example",
    }


def sent(box: Mailbox, security: str, password: str = PASSWORD, user: str = USER) -> str:
    channel = Channel("c", MAIL, "mail", settings(box, security, user), ("internet",))
    message = mail(channel, "nixie", NOTICES, NOTICES[0].at, "id")
    return send_mail(channel.settings, password, message)


def test_mail_goes_by_tls(pem: Path) -> None:
    with mail_server(pem, tls=True) as box:
        assert sent(box, "tls") == "127.0.0.1 took it: 250 2.0.0 queued as 4711"
    assert box.encrypted == [True]
    assert "There is no internet" in box.mails[0]


def test_mail_goes_by_starttls(pem: Path) -> None:
    with mail_server(pem) as box:
        assert "took it" in sent(box, "starttls")
    assert box.encrypted == [True]


def test_a_server_without_starttls_is_not_told_the_password(pem: Path) -> None:
    with mail_server(pem, starttls=False) as box, pytest.raises(NotSent, match="STARTTLS"):
        sent(box, "starttls")
    assert not [line for line in box.heard if line.startswith("AUTH")]


def test_a_certificate_that_nobody_trusts_ends_it(
    pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with mail_server(pem, tls=True) as box, pytest.raises(NotSent, match="not to be trusted"):
        sent(box, "tls")
    assert box.heard == []


def test_a_wrong_password_is_told_as_the_server_says_it(pem: Path) -> None:
    with mail_server(pem, tls=True) as box, pytest.raises(NotSent, match=r"535 5.7.8 wrong pass"):
        sent(box, "tls", "guessed")


def test_a_refused_recipient_is_told_as_the_server_says_it(pem: Path) -> None:
    with mail_server(pem, tls=True) as box:
        box.refuses = "550 5.1.1 nobody of that name"
        with pytest.raises(NotSent, match=r"550 5.1.1 nobody of that name"):
            sent(box, "tls")
    assert box.mails == []


def test_without_a_user_nobody_logs_in(pem: Path) -> None:
    with mail_server(pem) as box:
        sent(box, "none", "", "")
    assert not [line for line in box.heard if line.startswith("AUTH")]


def test_a_line_with_a_dot_does_not_end_the_mail(pem: Path) -> None:
    with mail_server(pem) as box:
        sent(box, "none", "", "")
    assert len(box.mails) == 1


def test_a_closed_port_is_said_with_its_place(pem: Path) -> None:
    with mail_server(pem) as box:
        pass
    with pytest.raises(NotSent, match=rf"127.0.0.1, port {box.port}: .*refused"):
        sent(box, "none", "", "")


def hook(url: str, kind: str = WEBHOOK, secret: str = "key") -> str:
    channel = Channel("c", kind, "hook", {"url": url}, ("internet",))
    return send_post(post(channel, secret, "nixie", NOTICES))


def test_a_webhook_gets_json() -> None:
    with web_server() as site:
        assert hook(f"{site.url}/router?a=b") == "127.0.0.1 took it: 200 OK as you like"
    (asked,) = site.asked
    assert asked.path == "/router?a=b"
    told = json.loads(asked.body)
    assert (told["router"], told["notices"][0]["topic"]) == ("nixie", "internet")


def test_a_webhook_is_signed() -> None:
    with web_server() as site:
        hook(site.url)
    (asked,) = site.asked
    assert asked.headers[SIGNATURE.lower()] == signature("key", asked.body)


def test_a_webhook_without_a_key_is_not() -> None:
    with web_server() as site:
        hook(site.url, secret="")
    assert SIGNATURE.lower() not in site.asked[0].headers


def test_a_webhook_goes_by_tls(pem: Path) -> None:
    with web_server(pem) as site:
        assert "took it" in hook(site.url)


def test_ntfy_gets_text_with_a_title() -> None:
    with web_server() as site:
        hook(f"{site.url}/my-router", NTFY, "tk_1")
    (asked,) = site.asked
    assert asked.headers["title"].startswith("nixie: There is no internet")
    assert asked.headers["authorization"] == "Bearer tk_1"
    assert "There is no internet: grün." in asked.body.decode()


def test_a_server_that_says_no_is_told() -> None:
    with web_server() as site:
        site.status = 403
        with pytest.raises(NotSent, match=r"127.0.0.1 refused: 403 Forbidden as you like"):
            hook(site.url)


def test_nobody_is_sent_elsewhere() -> None:
    with web_server() as site:
        site.status, site.location = 302, f"{site.url}/elsewhere"
        with pytest.raises(NotSent, match="302"):
            hook(site.url)
    assert [one.path for one in site.asked] == ["/"]
