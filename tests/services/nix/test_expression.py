"""Expressions of ours, evaluated by the real nix when it is there."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.nix.expression import attributes, derivations, locked_flake, string

NIX = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "nix/usr/bin/nix"


@pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here")
@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_any_text_comes_back_from_nix_as_it_was(text: str) -> None:
    done = subprocess.run(
        [str(NIX), "eval", "--store", "dummy://", "--json", "--expr", string(text)],
        capture_output=True,
        check=True,
        env={
            "HOME": "/nonexistent",
            "NIX_CONFIG": "experimental-features = nix-command flakes",
            "NIX_USER_CONF_FILES": "",
        },
    )
    assert json.loads(done.stdout) == text.replace("\r\n", "\n") or json.loads(done.stdout) == text


@pytest.mark.parametrize("text", ['"; import /etc/passwd; "', "${import /etc/passwd}", "\\", "''"])
def test_no_text_leaves_its_string(text: str) -> None:
    told = string(text)
    inner = told[1:-1].replace("\\\\", "").replace('\\"', "").replace("\\${", "")
    assert '"' not in inner
    assert "${" not in inner


def test_numbers_and_truth_are_no_strings() -> None:
    assert attributes({"shallow": True, "revCount": 3}) == '{ "shallow" = true; "revCount" = 3; }'


def test_a_flake_is_named_by_its_hash() -> None:
    told = locked_flake("/nix/store/x", "sha256-a/b=", "", 7, "hosts")
    url = "path:/nix/store/x?lastModified=7&narHash=sha256-a%2Fb%3D&dir=hosts"
    assert told == f'builtins.getFlake "{url}"'


def test_what_is_no_commit_is_not_told_as_one() -> None:
    assert "rev=" not in locked_flake("/nix/store/x-source", "sha256-a=", "main&dir=/etc", 0, "")


def test_derivations_are_imported_one_by_one() -> None:
    assert derivations(("/nix/store/a.drv",)) == "[ (import /nix/store/a.drv) ]"
