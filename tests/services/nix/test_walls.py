"""Settings with which builds stay in the sandbox, and others."""

import json

import pytest

from services.nix.walls import MUST, lowered


def settings(**changes: object) -> str:
    """What Nix prints; names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    every = {**MUST, "cores": 2, **named}
    return json.dumps({name: {"value": value} for name, value in every.items()})


@pytest.mark.parametrize("sandbox", [True, "true"])
def test_as_written_by_us_they_are_right(sandbox: object) -> None:
    assert lowered(settings(sandbox=sandbox)) == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sandbox", "relaxed", "sandbox = relaxed"),
        ("sandbox", False, "sandbox = false"),
        ("sandbox_fallback", True, "sandbox-fallback = true"),
        ("accept_flake_config", True, "accept-flake-config = true"),
        ("post_build_hook", "/x", "post-build-hook = /x"),
        ("trusted_users", ["root", "@wheel"], "trusted-users = root @wheel"),
    ],
)
def test_what_lets_a_build_out_is_named(name: str, value: object, said: str) -> None:
    assert f"Nix is set to {said} on this router" in lowered(settings(**{name: value}))


@pytest.mark.parametrize("printed", ["", "{", "[]", '{"sandbox": true}', "null"])
def test_what_cannot_be_read_says_nothing(printed: str) -> None:
    assert lowered(printed) == ""
