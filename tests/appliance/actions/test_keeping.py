"""Who keeps a change, and by which way."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import changes, keeping
from appliance.actions.desk import Actor, Desk
from appliance.actions.refusals import Clash, Forbidden, Unknown
from appliance.errors import Unreachable
from tests.appliance.actions.conftest import HELPER, OWNER
from tests.appliance.actions.test_trials import AWAY, Network, kept, network, proposed

__all__ = ["kept", "network"]

ANN = replace(OWNER, name="ann", how="session", id="u-ann")
BOB = replace(ANN, name="bob", id="u-bob")
PROGRAM = replace(ANN, name="ann", how="token", id="t-1")
CONSOLE = Actor("this box", frozenset({"read", "write", "admin"}), "local")


def over(actor: Actor, reached: str, client: str) -> Actor:
    """The same, on another way."""
    return replace(actor, reached=reached, address=client)


@pytest.fixture
def change(desk: Desk, kept: Network) -> str:
    """Ann moved the LAN to 10.78.0.1, on trial."""
    made = changes.propose_revision(desk, ANN, AWAY).wish
    assert made
    kept.look()
    return made


def state(desk: Desk) -> str:
    found = changes.newest_change(desk)
    assert found
    return found.state


def test_its_author_keeps_a_change(desk: Desk, kept: Network, change: str) -> None:
    changes.keep(desk, ANN, change)
    kept.look()
    assert state(desk) == "kept"


def test_another_owner_may_undo_it(desk: Desk, kept: Network, change: str) -> None:
    changes.take_back(desk, BOB, change)
    kept.look()
    assert state(desk) == "undone"


@pytest.mark.parametrize("other", [BOB, PROGRAM], ids=["another owner", "a token of that name"])
def test_nobody_else_keeps_it(desk: Desk, change: str, other: Actor) -> None:
    with pytest.raises(Clash, match="only ann can keep it"):
        changes.keep(desk, other, change)


def test_a_program_keeps_what_it_asked_for(desk: Desk, kept: Network) -> None:
    made = changes.propose_revision(desk, PROGRAM, AWAY).wish
    assert made
    changes.keep(desk, PROGRAM, made)
    kept.look()
    assert state(desk) == "kept"


def test_the_console_keeps_what_anybody_asked_for(desk: Desk, kept: Network, change: str) -> None:
    changes.keep(desk, CONSOLE, change)
    kept.look()
    assert state(desk) == "kept"


def test_keep_is_not_taken_at_the_old_address(desk: Desk, change: str) -> None:
    with pytest.raises(Clash, match=r"Keep is taken at 10\.78\.0\.1"):
        changes.keep(desk, over(ANN, "10.77.0.1", "10.77.0.9"), change)


def test_the_old_address_may_undo(desk: Desk, kept: Network, change: str) -> None:
    changes.take_back(desk, over(ANN, "10.77.0.1", "10.77.0.9"), change)
    kept.look()
    assert state(desk) == "undone"


def test_the_old_address_may_have_more_time(desk: Desk, change: str) -> None:
    done = changes.extend(desk, over(ANN, "10.77.0.1", "10.77.0.9"), change, 600)
    assert "600 s" in done.what


def test_keep_is_taken_at_the_new_address(desk: Desk, kept: Network, change: str) -> None:
    changes.keep(desk, over(ANN, "10.78.0.1", "10.78.0.9"), change)
    kept.look()
    assert state(desk) == "kept"


def test_the_link_keeps_the_change_at_the_new_address(
    desk: Desk, kept: Network, change: str
) -> None:
    token = keeping.token(desk, change)
    changes.keep_by_link(desk, token, address="10.78.0.9", reached="10.78.0.1")
    kept.look()
    assert state(desk) == "kept"


def test_the_link_is_not_taken_at_the_old_address(desk: Desk, change: str) -> None:
    token = keeping.token(desk, change)
    with pytest.raises(Clash, match=r"Keep is taken at 10\.78\.0\.1"):
        changes.keep_by_link(desk, token, address="10.77.0.9", reached="10.77.0.1")


def test_the_link_is_used_once(desk: Desk, change: str) -> None:
    token = keeping.token(desk, change)
    changes.keep_by_link(desk, token, address="10.78.0.9", reached="10.78.0.1")
    with pytest.raises(Clash, match="used already"):
        changes.keep_by_link(desk, token, address="10.78.0.9", reached="10.78.0.1")


def test_the_link_is_dead_after_the_trial(desk: Desk, kept: Network, change: str) -> None:
    token = keeping.token(desk, change)
    changes.take_back(desk, ANN, change)
    kept.look()
    with pytest.raises(Unknown, match="no change that is on trial"):
        changes.to_keep(desk, token)


def test_the_link_of_one_change_keeps_no_other(desk: Desk, kept: Network, change: str) -> None:
    token = keeping.token(desk, change)
    changes.take_back(desk, ANN, change)
    kept.look()
    proposed(desk)
    kept.look()
    with pytest.raises(Unknown):
        changes.to_keep(desk, token)


@pytest.mark.parametrize("guess", ["", "x", "é" * 22, "A" * 22])
def test_a_guess_is_no_link(desk: Desk, change: str, guess: str) -> None:
    assert change
    with pytest.raises(Unknown):
        changes.to_keep(desk, guess)


def test_a_link_is_the_same_each_time_it_is_shown(desk: Desk, change: str) -> None:
    assert keeping.token(desk, change) == keeping.token(desk, change)
    assert len(keeping.token(desk, change)) == 22


def test_two_routers_make_two_links(desk: Desk, change: str, tmp_path: Path) -> None:
    first = keeping.token(desk, change)
    (tmp_path / "secrets/web/keep.key").unlink()
    assert keeping.token(desk, change) != first


def test_only_who_may_own_keeps(desk: Desk, change: str) -> None:
    with pytest.raises(Forbidden):
        changes.keep(desk, HELPER, change)


@pytest.mark.usefixtures("kept")
def test_an_admin_that_is_in_the_way_gets_ready_before_the_network_is_asked(
    desk: Desk,
) -> None:
    seen: list[tuple[int, str]] = []

    def expect(config: object) -> None:
        address = str(config.networks[0].address)  # type: ignore[attr-defined]
        seen.append((desk.reads.last_apply() is not None, address))

    changes.propose_revision(replace(desk, expect=expect), ANN, AWAY)
    assert seen == [(False, "10.78.0.1/24")]


@pytest.mark.usefixtures("kept")
def test_what_cannot_be_expected_is_not_asked_for(desk: Desk) -> None:
    def expect(_config: object) -> None:
        raise Unreachable("full")

    with pytest.raises(Unreachable):
        changes.propose_revision(replace(desk, expect=expect), ANN, AWAY)
    assert desk.reads.last_apply() is None


def test_both_configurations_are_at_work_during_a_trial(
    desk: Desk, kept: Network, change: str
) -> None:
    addresses = [str(one.networks[0].address) for one in changes.configs_at_work(desk)]
    assert addresses == ["10.77.0.1/24", "10.78.0.1/24"]
    changes.take_back(desk, ANN, change)
    kept.look()
    assert changes.configs_at_work(desk) == ()
