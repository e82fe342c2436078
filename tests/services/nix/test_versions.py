"""Which Nix may do what."""

import pytest

from services.nix.versions import refusal, version, warning


@pytest.mark.parametrize("printed", ["", "bash: nix: not found", "nix (Nix)"])
def test_what_is_no_version_is_none(printed: str) -> None:
    assert version(printed) is None


@pytest.mark.parametrize("number", ["2.8.0", "2.18.1", "2.26.3", "2.28.5", "2.34.4", "2.31.3"])
def test_a_stranger_is_refused_on_a_nix_with_holes(number: str) -> None:
    assert "CVE-2026-39860" in str(refusal(version(number), "stranger"))


@pytest.mark.parametrize("number", ["2.28.6", "2.31.4", "2.34.5", "2.35.0", "3.0.0"])
def test_a_repaired_nix_takes_strangers(number: str) -> None:
    assert refusal(version(number), "stranger") is None


def test_the_owners_sources_are_built_on_a_nix_with_holes() -> None:
    found = version("nix (Nix) 2.26.3")
    assert found is not None
    assert refusal(found, "mine") is None
    assert warning(found) is not None


def test_a_nix_before_2_8_is_refused_for_everybody() -> None:
    assert "too old" in str(refusal(version("2.3.16"), "mine"))


def test_a_missing_nix_is_said() -> None:
    assert "missing" in str(refusal(None, "mine"))
