"""What forges send, in the shapes that they send it in."""

import hmac
import json
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from appliance.model.webhooks import IGNORED, PER_MINUTE, REFUSED, TAKEN, Heard, Pace, heard

SECRET = b"74686973206973206120736563726574"
PUSH = json.dumps({"ref": "refs/heads/main", "repository": {"default_branch": "main"}}).encode()
GITLAB = json.dumps(
    {"object_kind": "push", "ref": "refs/heads/main", "project": {"default_branch": "main"}}
).encode()


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, body, sha256).hexdigest()


def github(body: bytes = PUSH, *, event: str = "push", branch: str | None = "") -> Heard:
    headers = {"x-hub-signature-256": f"sha256={signature(body)}", "x-github-event": event}
    return heard(headers, body, SECRET, branch)


def test_github_says_that_something_was_pushed() -> None:
    assert github().outcome == TAKEN


@pytest.mark.parametrize("forge", ["forgejo", "gitea"])
def test_a_forge_of_ones_own_signs_without_a_prefix(forge: str) -> None:
    headers = {f"x-{forge}-signature": signature(PUSH), f"x-{forge}-event": "push"}
    assert heard(headers, PUSH, SECRET, "").outcome == TAKEN


def test_gitlab_sends_the_secret_itself() -> None:
    headers = {"x-gitlab-token": SECRET.decode(), "x-gitlab-event": "Push Hook"}
    assert heard(headers, GITLAB, SECRET, "").outcome == TAKEN


def test_a_form_of_github_is_read_too() -> None:
    body = urlencode({"payload": PUSH.decode()}).encode()
    headers = {
        "x-hub-signature-256": f"sha256={signature(body)}",
        "x-github-event": "push",
        "content-type": "application/x-www-form-urlencoded",
    }
    assert heard(headers, body, SECRET, "").outcome == TAKEN


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": f"sha256={signature(PUSH, b'another')}"},
        {"x-hub-signature-256": signature(PUSH)},
        {"x-hub-signature-256": "sha256=\u00e9"},
        {"x-forgejo-signature": signature(PUSH + b" ")},
        {"x-gitlab-token": ""},
        {"x-gitlab-token": SECRET.decode() + "0"},
    ],
)
def test_what_does_not_prove_the_secret_is_refused(headers: dict[str, str]) -> None:
    found = heard({**headers, "x-github-event": "push"}, PUSH, SECRET, "")
    assert found.outcome == REFUSED
    assert "secret" in found.what


def test_another_branch_is_ignored_by_name() -> None:
    body = json.dumps({"ref": "refs/heads/try", "repository": {"default_branch": "main"}}).encode()
    found = github(body)
    assert found == Heard(IGNORED, "It was pushed to try, and this source follows main.")


def test_a_source_with_a_branch_of_its_own_follows_that() -> None:
    body = json.dumps({"ref": "refs/heads/lab", "repository": {"default_branch": "main"}}).encode()
    assert github(body, branch="lab").outcome == TAKEN
    assert github(branch="lab").outcome == IGNORED


def test_the_first_delivery_of_github_is_a_ping() -> None:
    found = github(b"{}", event="ping")
    assert found == Heard(IGNORED, "It tells of ping, not of a push. The secret is right.")


def test_a_pinned_source_says_that_a_push_changes_nothing() -> None:
    assert github(branch=None).outcome == IGNORED


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"ref": 7}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    assert github(body).outcome == REFUSED


def test_too_many_a_minute_wait_for_the_next() -> None:
    pace = Pace()
    assert [pace.enters("s", float(n)) for n in range(PER_MINUTE + 1)] == [
        *[True] * PER_MINUTE,
        False,
    ]
    assert pace.enters("other", 30.0)
    assert pace.enters("s", 61.0)


def test_refusals_are_written_down_now_and_then() -> None:
    pace = Pace()
    assert [pace.worth_noting("s", at) for at in (0.0, 1.0, 6.0)] == [True, False, True]
