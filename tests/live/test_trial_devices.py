"""Computers with dhclient and udhcpc through trials: what becomes of their leases of a minute.

The order matters: an undone change, then several that are kept in a row.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.store.open import reader
from appliance.store.slices import last
from tests.live.foreign_client import Computer
from tests.live.standing import Router, standing
from tests.live.waiting import until

PATHS = "/usr/sbin:/sbin:/usr/bin:/bin"
KINDS = tuple(kind for kind in ("dhclient", "udhcpc") if shutil.which(kind, path=PATHS))
pytestmark = [pytest.mark.live, pytest.mark.skipif(not KINDS, reason="neither client is installed")]

LEASE_SECONDS = 60  # the shortest; clients renew after half of it
RENEWAL_SECONDS = LEASE_SECONDS / 2 + 60  # when the computer is busy
MOMENT_SECONDS = 60


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with standing("devices", cast=("machines=none",)) as made:
        changed(made, 77)
        keep(made)
        yield made


@pytest.fixture(scope="module")
def computers(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Computer]]:
    folder = tmp_path_factory.mktemp("computers")
    plugged = [Computer(router, kind, kind, folder) for kind in KINDS]
    try:
        for one in plugged:
            one.plug_in()
        for one in plugged:
            until(lambda one=one: one.address(), f"{one.kind} has an address")
        yield plugged
    finally:
        for one in plugged:
            one.unplug()


def newest(router: Router) -> dict[str, Any]:
    found: dict[str, Any] = router.client.get("/change")
    return found


def changed(router: Router, network: int) -> None:
    """Put the LAN at 10.<network>.0.1 on trial, with leases of a minute."""
    config = router.client.get("/config")["config"]
    lan = config["networks"][0]
    lan["address"] = f"10.{network}.0.1/24"
    pool = {"first": f"10.{network}.0.100", "last": f"10.{network}.0.199"}
    lan["dhcp"]["pool"] |= {**pool, "lease_seconds": LEASE_SECONDS}
    router.client.post("/config", config, seconds=600)
    until(lambda: newest(router)["state"] == "on trial", "it is on trial")
    until(lambda: hands_out(router, network), "dhcp goes by what is on trial")


def hands_out(router: Router, network: int) -> bool:
    """Is that what dhcp goes by, by its own file?"""
    with closing(reader(router.state / "leases.db")) as file:
        found = last(file)
    subnet = f"10.{network}.0."
    return found is not None and any(str(one.address).startswith(subnet) for one in found.dhcp)


def keep(router: Router) -> None:
    router.client.post(f"/change/{newest(router)['id']}/keep")
    until(lambda: newest(router)["state"] == "kept", "it is kept")


def undo(router: Router) -> None:
    router.client.post(f"/change/{newest(router)['id']}/undo")
    until(lambda: newest(router)["state"] == "undone", "it is undone")


def has(one: Computer, address: str) -> bool:
    return one.address() == address


def moved(one: Computer, network: int) -> bool:
    return one.address().startswith(f"10.{network}.0.")


def renewed_since(one: Computer, at: int) -> bool:
    """Was its lease renewed after so many lines of its log?"""
    return any(word in ("RENEW", "renew") for word, _ in one.told()[at:])


def test_an_undone_change_costs_nobody_a_renewal(router: Router, computers: list[Computer]) -> None:
    before = [(one.address(), len(one.told())) for one in computers]
    changed(router, 81)
    for one, (_, at) in zip(computers, before, strict=True):
        until(lambda one=one, at=at: renewed_since(one, at), f"{one.kind} renews", RENEWAL_SECONDS)
    during = [len(one.told()) for one in computers]
    undo(router)
    for one, at in zip(computers, during, strict=True):
        until(lambda one=one, at=at: renewed_since(one, at), f"{one.kind} renews", RENEWAL_SECONDS)
    for one, (address, at) in zip(computers, before, strict=True):
        has_it = partial(has, one, address)  # at a renewal udhcpc's script takes it off and on
        until(has_it, f"{one.kind} has its address")
        assert not one.was_without(at)


def test_who_came_during_the_trial_is_back_after_an_undo(
    router: Router, computers: list[Computer], tmp_path: Path
) -> None:
    changed(router, 82)
    guests = [Computer(router, kind, f"new-{kind}", tmp_path) for kind in KINDS]
    try:
        for one in guests:
            one.plug_in()
        for one in guests:
            until(lambda one=one: moved(one, 82), f"{one.kind} has a tried address", 150)
        undo(router)
        for one in guests:  # when its lease of a minute ends, at the latest
            until(
                lambda one=one: moved(one, 77),
                f"{one.kind} is back",
                LEASE_SECONDS + MOMENT_SECONDS,
            )
    finally:
        for one in guests:
            one.unplug()
    until(lambda: all(moved(one, 77) for one in computers), "who was here is where they were")


def test_everybody_moves_along_through_several_changes_in_a_row(
    router: Router, computers: list[Computer]
) -> None:
    for network in (83, 84):
        changed(router, network)
        keep(router)
    began = time.monotonic()
    for one in computers:
        left = began + RENEWAL_SECONDS + MOMENT_SECONDS - time.monotonic()
        until(lambda one=one: moved(one, 84), f"{one.kind} has moved", left)
    until(lambda: newest(router)["leaving"] == [], "no old address is left")
