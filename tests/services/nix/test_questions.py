"""Questions to the store change nothing, whatever they are asked about."""

from pathlib import Path

from services.nix import questions
from services.nix.store import store_in

STORE = store_in(Path("/state"), Path("/nix/bin/nix"), system_store=False)
PATHS = ("/nix/store/a-x", "/nix/store/b-y")


def test_they_are_asked_of_nix_store() -> None:
    asked = (
        questions.print_dead(STORE),
        questions.print_invalid(STORE, PATHS),
        questions.print_closure(STORE, PATHS),
        questions.print_registrations(STORE, PATHS),
    )
    assert {argv[0] for argv in asked} == {"/nix/bin/nix-store"}


def test_the_garbage_collector_only_prints() -> None:
    assert questions.print_dead(STORE)[1:] == ("--gc", "--print-dead")
