"""Names in the store."""

import pytest

from services.nix.store_path import is_derivation, is_store_path, tree_path


def test_a_tree_has_the_path_that_nix_gives_it() -> None:
    # builtins.fetchTree on Nix 2.26.3 said so
    assert (
        tree_path("sha256-s51zhsVlcyPeOWAXRPWus2XkbnyfcYdFW7njKNzObvM=")
        == "/nix/store/xa8yji34ym6v6a8vq7krfwh1b417qrf6-source"
    )


@pytest.mark.parametrize("text", ["", "sha256-", "sha1-abc", "sha256-" + "!" * 43 + "="])
def test_what_is_no_hash_has_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="NAR hash"):
        tree_path(text)


GOOD = "/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-x.drv"


def test_a_derivation_is_known_by_its_name() -> None:
    assert is_derivation(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "/bin",
        GOOD + "\n",
        GOOD + " --option x y",
        "/nix/store/../etc/passwd",
        "/nix/store/zrdw-x",
        "/etc/passwd",
        "",
    ],
)
def test_anything_else_is_no_store_path(text: str) -> None:
    assert not is_store_path(text)
