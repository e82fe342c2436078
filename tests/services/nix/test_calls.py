"""The calls that the build role makes itself."""

from pathlib import Path

from services.nix.calls import NOT_HERE, NOTHING_BUILT, drop, keep, keep_derivations, realise
from tests.services.nix.test_request import STORE, TREE


def test_what_builders_alone_may_build_is_realised_without_building() -> None:
    words = realise(STORE, (f"{TREE}.drv",), Path("/r"), (), without=NOTHING_BUILT)
    assert words[words.index("max-jobs") + 1] == "0"
    assert "builders" in words
    elsewhere = realise(STORE, (f"{TREE}.drv",), Path("/r"), (), without=NOT_HERE)
    assert ("max-jobs" in elsewhere, "builders" in elsewhere) == (True, False)
    assert "max-jobs" not in realise(STORE, (f"{TREE}.drv",), Path("/r"), ())


def test_a_build_is_rooted_as_it_is_made() -> None:
    words = realise(STORE, ("/nix/store/a.drv", "/nix/store/b.drv"), Path("/s/gcroots/x"), ())
    assert words[:4] == (
        "/opt/nixie/nix/usr/bin/nix-store",
        "--realise",
        "/nix/store/a.drv",
        "/nix/store/b.drv",
    )
    assert words[words.index("--add-root") + 1] == "/s/gcroots/x"


def test_a_build_asks_only_the_caches_that_answer() -> None:
    live = ("https://cache.example.org", "http://10.0.0.2:5000")
    words = realise(STORE, ("/nix/store/a.drv",), Path("/s/gcroots/x"), live)
    asked = words[words.index("substituters") + 1]
    assert asked == "https://cache.example.org http://10.0.0.2:5000"


def test_keeping_a_path_never_downloads_it() -> None:
    words = keep(STORE, (TREE,), Path("/s/gcroots/x"))
    assert words[words.index("substitute") + 1] == "false"


def test_a_derivation_itself_is_kept_by_importing_it() -> None:
    words = keep_derivations(STORE, ("/nix/store/a.drv",), Path("/s/gcroots/x"))
    assert words[0].endswith("/nix-instantiate")
    assert words[-1] == "[ (import /nix/store/a.drv) ]"


def test_a_path_is_deleted_only_while_nothing_needs_it() -> None:
    argv = drop(STORE, "/nix/store/x")
    assert argv == (STORE.program("nix-store"), "--delete", "/nix/store/x")
    assert "--ignore-liveness" not in argv
