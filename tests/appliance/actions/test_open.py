"""The way back in at the console, without the web role."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import access, menus
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk, reopened_claim
from appliance.actions.passwords import Passwords
from appliance.errors import Unreachable

QUICK = Passwords(memory_kib=64, rounds=1)


def owned(state: Path) -> None:
    """A router with an owner, and no process that has it open."""
    desk = open_desk(state, QUICK)
    access.claim(desk, access.claim_code(desk) or "", "four words in a row")
    desk.close()


def test_the_claim_is_reopened_without_the_web_role(tmp_path: Path) -> None:
    owned(tmp_path)
    code = reopened_claim(tmp_path)
    desk = open_desk(tmp_path, QUICK)
    assert not access.is_claimed(desk)
    assert access.claim_code(desk) == code
    desk.close()


def test_the_claim_is_reopened_beside_a_running_web_role(tmp_path: Path) -> None:
    owned(tmp_path)
    running = open_desk(tmp_path, QUICK)
    code = reopened_claim(tmp_path)
    assert access.claim(running, code, "four other words here").actor.name == "owner"
    running.close()


def test_where_no_router_started_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No router has started"):
        reopened_claim(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for somebody else")
def test_the_new_code_belongs_to_the_role_that_reads_it(tmp_path: Path) -> None:
    owned(tmp_path)
    folder = tmp_path / "secrets/web"
    os.chown(folder, 61106, 61100)
    reopened_claim(tmp_path)
    there = (folder / "claim").stat()
    assert (there.st_uid, there.st_gid, there.st_mode & 0o777) == (61106, 61100, 0o600)


@pytest.fixture
def hard(tmp_path: Path) -> Iterator[Desk]:
    """The desk of a router with an owner, on a disk that can only be read."""
    owned(tmp_path)
    opened = replace(open_desk(tmp_path, QUICK), lasting=False)
    yield opened
    opened.close()


def test_on_a_disk_that_can_only_be_read_nothing_is_changed(hard: Desk) -> None:
    owner = access.login(hard, "owner", "four words in a row").actor
    for act in (
        lambda: menus.make_menu(hard, owner, "games", []),
        lambda: access.make_token(hard, owner, "reader"),
        lambda: access.change_password(hard, owner, "four words in a row", "four other words"),
    ):
        with pytest.raises(Unreachable, match="Nothing was changed: the disk with"):
            act()
    with pytest.raises(Unreachable, match="start the router again"):
        access.reopen_claim(hard, Actor("this box", frozenset(), "local"))


def test_on_a_disk_that_can_only_be_read_a_session_is_a_session(hard: Desk) -> None:
    cookie = access.login(hard, "owner", "four words in a row").cookie
    assert access.by_cookie(hard, cookie, "", awake=True)
