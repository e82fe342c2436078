from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.host_keys import NotAHostKey, host_keys

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
LINE = f"git.example.org ssh-ed25519 {KEY}"


def refusal(text: str) -> str:
    with pytest.raises(NotAHostKey) as caught:
        host_keys(text)
    return caught.value.what


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        f"[git.example.org]:2222 ssh-ed25519 {KEY}",
        f"git.example.org,10.0.0.2,[fd00::1]:22 ssh-ed25519 {KEY}",
        f"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 {KEY}",
        f"@revoked *.example.org ssh-ed25519 {KEY}",
    ],
)
def test_a_line_of_known_hosts_is_taken(line: str) -> None:
    assert host_keys(line) == (line,)


def test_what_ssh_keyscan_says_beside_is_left_out() -> None:
    printed = f"# git.example.org:22 SSH-2.0-OpenSSH_9.2\r\n{LINE}  remark\r\n\r\n"
    assert host_keys(printed) == (LINE,)


def test_nothing_is_no_key() -> None:
    assert host_keys(" \n# only a remark\n") == ()


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        (f"ssh-ed25519 {KEY} root@git", "server's name is missing"),
        ("256 SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 git (ED25519)", "fingerprint"),
        ("git.example.org", "what ssh-keyscan prints"),
        (f"git.example.org ssh-rsa {KEY}", "what ssh-keyscan prints"),
        (f"git.example.org ssh-ed25519 {KEY[:20]}", "what ssh-keyscan prints"),
        ("git.example.org ssh-ed25519 not*base64", "what ssh-keyscan prints"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "what ssh-keyscan prints"),
        (f"git.example.org\u0007 ssh-ed25519 {KEY}", "not what ssh-keyscan prints"),
        ("\n".join([LINE] * 51), "50 are the most"),
    ],
)
def test_what_is_no_host_key_is_refused(text: str, way_out: str) -> None:
    assert way_out in refusal(text)


@given(st.text())
def test_any_text_is_taken_or_refused_by_name(text: str) -> None:
    with suppress(NotAHostKey):
        lines = host_keys(text)
        assert host_keys("\n".join(lines)) == lines
