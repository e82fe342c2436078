"""The address of a flake on one's own computer.  How it is built: tests/live/test_push.py."""

from pathlib import Path

from services.nix.push.driver import address


def test_a_working_tree_of_git_counts_with_what_is_not_committed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert address(str(tmp_path)) == f"git+file://{tmp_path}"


def test_a_flake_below_the_top_of_a_repository_is_named_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "my hosts").mkdir()
    assert address(str(tmp_path / "my hosts")) == f"git+file://{tmp_path}?dir=my%20hosts"


def test_a_folder_without_git_is_taken_as_it_is(tmp_path: Path) -> None:
    assert address(str(tmp_path)) == f"path:{tmp_path}"


def test_what_is_no_folder_is_an_address_already() -> None:
    assert address("github:lena/hosts") == "github:lena/hosts"
