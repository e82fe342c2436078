"""The address that forges tell of pushes at."""

import hmac
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.actions import webhooks
from tests.appliance.actions.conftest import OWNER
from tests.webui.home import furnish
from tests.webui.pages.conftest import Home, opened


@pytest.fixture
def lived_in(tmp_path: Path) -> Iterator[Home]:
    """A furnished router of its own."""
    yield from opened(tmp_path, furnish(tmp_path))


BODY = json.dumps({"ref": "refs/heads/main", "repository": {"default_branch": "main"}}).encode()


def told(home: Home, source: str, secret: str, body: bytes = BODY) -> tuple[int, str]:
    made = hmac.new(secret.encode(), body, sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={made}", "X-GitHub-Event": "push"}
    home.client.cookies.clear()
    answer = home.client.post(f"/hooks/{source}", content=body, headers=headers)
    return answer.status_code, answer.json().get("what", "")


def test_who_has_the_secret_needs_no_session(lived_in: Home) -> None:
    source = lived_in.ids["homelab"]
    _, secret = webhooks.open_webhook(lived_in.desk, OWNER, source)
    assert told(lived_in, source, secret) == (202, "main was pushed. Nixie is looking at it.")


def test_who_has_it_not_is_refused(lived_in: Home) -> None:
    source = lived_in.ids["homelab"]
    webhooks.open_webhook(lived_in.desk, OWNER, source)
    assert told(lived_in, source, "guessed")[0] == 403


def test_a_source_without_a_webhook_looks_like_none(lived_in: Home) -> None:
    assert told(lived_in, lived_in.ids["kiosk"], "x") == told(lived_in, "nothing", "x")
    assert told(lived_in, "nothing", "x")[0] == 404


def test_the_secret_is_shown_once_and_deliveries_are_listed(lived_in: Home) -> None:
    source = lived_in.ids["homelab"]
    page = lived_in.post(f"/sources/{source}/webhook", wanted="open")
    (secret,) = set(re.findall(r">([0-9a-f]{64})<", page))
    assert f"/hooks/{source}" in page
    again = lived_in.get(f"/sources/{source}/settings")
    assert secret not in again
    cookies = dict(lived_in.client.cookies)
    assert told(lived_in, source, secret)[0] == 202
    assert told(lived_in, source, "guessed")[0] == 403
    lived_in.client.cookies.update(cookies)
    html = lived_in.get(f"/sources/{source}/settings")
    assert "main was pushed" in html
    assert "The signature is not made with the secret of this source." in html


def test_a_webhook_is_taken_away(lived_in: Home) -> None:
    source = lived_in.ids["homelab"]
    lived_in.post(f"/sources/{source}/webhook", wanted="open")
    assert f"/hooks/{source}" not in lived_in.post(f"/sources/{source}/webhook", wanted="close")
