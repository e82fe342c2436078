"""A source's key or token on its way to nix and git."""

import json
from typing import Any

import pytest

from appliance.errors import Refused
from services.nix.credential import HOST_KEYS, git_settings, known_hosts, material, read


def stored(**changes: Any) -> str:
    return json.dumps(
        {"kind": "token", "secret": "s3cret", "user": "", "hosts": ["github.com"], **changes}
    )


def test_a_token_reaches_nix_as_an_access_token() -> None:
    found = material("github", "github.com", "", read(stored()))
    assert found.env == {"NIX_CONFIG": "access-tokens = github.com=s3cret"}


def test_gitlab_is_told_what_kind_of_token_it_is() -> None:
    found = material("gitlab", "gitlab.com", "", read(stored(hosts=["gitlab.com"])))
    assert found.env["NIX_CONFIG"] == "access-tokens = gitlab.com=PAT:s3cret"


def test_a_token_is_not_shown_to_other_hosts() -> None:
    found = material("git", "evil.example", "https://evil.example/x.git", read(stored()))
    assert (found.env, found.secret_file) == ({}, "")


def test_git_over_http_gets_a_header_for_that_server_only() -> None:
    credential = read(stored(hosts=["git.lan"]))
    found = material("git", "git.lan", "https://git.lan:8443/x.git", credential)
    assert list(found.env) == ["http.https://git.lan:8443/.extraHeader"]


def test_an_archive_gets_a_netrc() -> None:
    found = material("tarball", "git.lan", "", read(stored(hosts=["git.lan"])))
    assert (found.use, found.secret_file) == (
        "netrc",
        "machine git.lan login token password s3cret\n",
    )


def test_a_key_ends_with_a_line_break() -> None:
    found = material("git", "git.lan", "", read(stored(kind="ssh-key", secret="-----BEGIN-----")))
    assert (found.use, found.secret_file) == ("key", "-----BEGIN-----\n")


def test_no_credential_is_nothing() -> None:
    assert material("github", "github.com", "", None).env == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3cret",
        "[]",
        stored(kind="password"),
        stored(secret=""),
        stored(secret="s3cret\nsandbox = false"),
        stored(user="a\nmachine b"),
        stored(hosts=["github.com=x evil"]),
        stored(known_hosts="git.lan ssh-ed25519 AAAA"),
    ],
)
def test_a_bad_credential_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    assert "s3cret" not in str(refused.value)


def test_the_owners_host_keys_come_first() -> None:
    line = HOST_KEYS.splitlines()[0].replace("github.com", "git.lan")
    told = known_hosts(read(stored(known_hosts=line)))
    assert told.startswith(f"{line}\ngithub.com ")


def test_git_settings_are_numbered() -> None:
    assert git_settings({"a.b": "c"}) == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
    }
