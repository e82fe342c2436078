"""The way back in at the console, without the web role."""

import os
from pathlib import Path

import pytest

from appliance.actions import access
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
