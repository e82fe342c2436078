"""Which Nix may do what."""

import pytest

from services.nix.versions import Version, refusal, version, warning


@pytest.mark.parametrize("printed", ["", "bash: nix: not found", "nix (Nix)"])
def test_what_is_no_version_is_none(printed: str) -> None:
    assert version(printed) is None


@pytest.mark.parametrize(
    ("number", "holes"),
    [
        ("2.8.0", ["CVE-2024-27297", "CVE-2025-46416"]),
        ("2.18.1", ["CVE-2024-27297", "CVE-2025-46416"]),
        ("2.18.2", ["CVE-2025-46416", "CVE-2026-39860"]),
        ("2.20.4", ["CVE-2024-27297", "CVE-2025-46416", "CVE-2026-39860"]),
        ("2.21.0", ["CVE-2025-46416", "CVE-2026-39860"]),
        ("2.26.3", ["CVE-2025-46416", "CVE-2026-39860", "CVE-2026-44028"]),
        ("2.26.4", ["CVE-2026-39860", "CVE-2026-44028"]),
        ("2.28.5", ["CVE-2026-39860", "CVE-2026-44028"]),
        ("2.31.3", ["CVE-2026-39860", "CVE-2026-44028"]),
        ("2.34.4", ["CVE-2026-39860", "CVE-2026-44028"]),
        ("2.31.4", ["CVE-2026-44028"]),
        ("2.34.6", ["CVE-2026-44028"]),
    ],
)
def test_a_stranger_is_refused_on_a_nix_with_holes_by_name(number: str, holes: list[str]) -> None:
    found = version(number)
    assert found is not None
    assert [one.name for one in found.holes] == holes
    refused, warned = str(refusal(found, "stranger")), str(warning(found))
    assert all(name in refused and name in warned for name in holes)
    assert "Install a repaired Nix (2.28.7, 2.31.5, 2.34.7 or newer)" in refused


def test_no_release_after_the_last_repair_is_held_for_a_hole() -> None:
    assert [n for n in range(35, 60) if Version(2, n, 0).holed] == []


@pytest.mark.parametrize("number", ["2.28.7", "2.31.5", "2.34.7", "2.35.0", "3.0.0"])
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
