"""Why something could not be fetched, in the words that git, ssh and Nix print."""

import pytest

from services.nix.unfetched import Sought, why
from services.nix.verdict import Answer

SOURCE = Sought("This source", "git.lan", 2222)
INPUT = Sought("Input nixpkgs", "github.com")
PLACE = Sought("This source", place="/home/lena/fleet")


def told(error: str, sought: Sought, around: str = "") -> str:
    return why(Answer("", error, 1, "done", around=around), sought)[1]


CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key verification failed.
fatal: Could not read from remote repository."""
"""ssh 9.2"""


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (
            "failed to extract archive (write error: No space left on device)",
            "The router's disk is full.",
        ),
        ("writing to file: No space left on device", "The router's disk is full."),
        ("reading from file: Connection reset by peer", "The nix-daemon of this router did not"),
        ("cannot connect to socket at '/s': Connection refused", "nixie status says what is"),
        ("ssh -F none -o BatchMode=yes: line 1: ssh: not found", "Install openssh-client"),
        ("/bin/sh: 1: ssh: not found", "The program ssh is missing on this router"),
        ("error: cannot run ssh: No such file or directory", "Install openssh-client"),
        (CHANGED, "git.lan shows another SSH key than the one that is stored"),
        (
            "No ED25519 host key is known for [git.lan]:2222 and you have requested strict "
            "checking.\nHost key verification failed.",
            "Read it with ssh-keyscan -p 2222 git.lan, compare its fingerprint",
        ),
        ("git@git.lan: Permission denied (publickey).", "git.lan does not accept the deploy key"),
        ("git@git.lan: Permission denied (publickey,password).", "does not accept the deploy key"),
        ("input attribute 'lfs' not supported by scheme 'git'", "asks for lfs, which this Nix"),
        ("unsupported Git input attribute 'exportIgnore'", "asks for exportIgnore, which this"),
    ],
)
def test_what_stands_in_the_way_here_comes_first(error: str, part: str) -> None:
    assert part in told(error, SOURCE)


def test_a_server_at_its_usual_port_is_scanned_without_one() -> None:
    assert "ssh-keyscan github.com, compare" in told("Host key verification failed.", INPUT)


@pytest.mark.parametrize(
    "error",
    [
        "opening file '/home/lena/fleet/flake.nix': Permission denied",
        "repository path '/home/lena/fleet' is not owned by current user",
    ],
)
def test_a_directory_is_opened_to_the_fetching_user_alone(error: str) -> None:
    what = told(error, PLACE)
    assert "the user nixie-fetch (61111) may not read" in what
    assert "setfacl -R -m u:61111:rX /home/lena/fleet," in what


def test_what_a_server_denies_is_no_matter_of_directories() -> None:
    assert "setfacl" not in told("remote: Permission denied", SOURCE)


def test_an_input_is_named() -> None:
    what = told("unable to download 'https://x': HTTP error 429", INPUT)
    assert what.startswith("Input nixpkgs: The server has had too many requests")


def test_an_unknown_failure_is_told_in_nixs_own_words() -> None:
    assert told("the moon is full", INPUT) == (
        "Input nixpkgs could not be fetched: the moon is full."
    )


def test_what_the_broker_refused_is_told_as_it_is() -> None:
    assert why(Answer("", "", 126, "refused", "It leads out."), PLACE)[1] == "It leads out."


def test_a_server_at_home_that_is_not_reached_says_what_a_source_reaches_there() -> None:
    for error in ("Could not resolve host: git.lan", "Could not connect to server"):
        assert "those under May also fetch from in its settings" in told(error, SOURCE)
        assert "May also fetch from" not in told(error.replace("git.lan", "github.com"), INPUT)


def test_a_server_that_sends_whoever_asks_home_is_named() -> None:
    error = "fatal: unable to access 'http://h/x.git/': Failed to connect to 10.77.0.20 port 8000"
    word, said = why(Answer("", error, 128, "done"), INPUT)
    assert word == "private-address"
    assert said.startswith("Input nixpkgs: github.com sends whoever asks to 10.77.0.20, inside")


def test_a_server_at_home_that_does_not_answer_sends_nobody() -> None:
    error = "Failed to connect to 10.77.0.20 port 80: Connection refused"
    assert why(Answer("", error, 1, "done"), Sought("This source", "10.77.0.20"))[0] == (
        "unreachable"
    )


@pytest.mark.parametrize("reason", ["disk", "memory", "timeout", "output"])
def test_a_fetch_that_was_ended_has_the_word_for_it(reason: str) -> None:
    assert why(Answer("", "", 137, reason, "It was stopped."), INPUT) == (reason, "It was stopped.")
