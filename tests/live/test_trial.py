"""Changes on trial, on a real kernel: without Keep everything is back, whatever happens to net."""

import json
import time
from ipaddress import IPv4Address
from typing import Any

import pytest

from appliance.events import AddressLeft, ChangeRefused, RevisionUndone, TrialExtended
from appliance.model.slices import HELD, LEFT, SERVED, TRIED
from appliance.store.leases import MIGRATIONS, Stored, commit
from appliance.store.open import writer
from appliance.trial import NO_KEEP, RESTART
from tests.live.net_room import CONFIG, NETWORK, Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

RENUMBERED: dict[str, Any] = {
    **CONFIG,
    "networks": [{**NETWORK, "address": "10.78.0.1/24", "dhcp": None}],
}
MOVED: dict[str, Any] = {
    **CONFIG,
    "networks": [
        {
            **NETWORK,
            "address": "10.78.0.1/24",
            "dhcp": {"pool": {"first": "10.78.0.100", "last": "10.78.0.199"}},
        }
    ],
}
SHORT = 12
"""Seconds of a trial that ends while a test waits: a busy computer may look at it first."""
CUT_OFF: dict[str, Any] = {"networks": [], "schema": 1}
"""Nobody reaches such a router: no network, no way out."""
MANY: dict[str, Any] = {
    **CONFIG,
    "networks": [
        NETWORK,
        *(
            {
                "name": f"n{at}",
                "bridge": f"br-n{at}",
                "ports": [],
                "address": f"10.{100 + at}.0.1/24",
            }
            for at in range(100)
        ),
    ],
}


def held(ends_at: float) -> Stored:
    """A lease from before the change."""
    address = int(IPv4Address("10.77.0.100"))
    return (
        "lan",
        address,
        "02:00:00:00:00:01",
        "hw:02:00:00:00:00:01",
        "",
        "os",
        0.0,
        ends_at,
        "bound",
        "",
        "",
    )


def is_undone(router: Router, why: str) -> bool:
    return bool(router.told(RevisionUndone)) and router.told(RevisionUndone)[-1].why == why


@pytest.mark.parametrize("config", [RENUMBERED, CUT_OFF], ids=["renumbered", "cut off"])
def test_without_keep_everything_is_back_at_the_deadline(
    router: Router, config: dict[str, Any]
) -> None:
    router.serve_lan()
    before = router.picture()
    router.on_trial(config, SHORT)
    assert router.picture() != before
    assert router.kept() == 1
    until(lambda: is_undone(router, NO_KEEP), "it is undone")
    until(lambda: router.picture() == before, "everything is as it was")
    until(lambda: router.lan.pings("10.77.0.1"), "the LAN reaches the router")


def test_what_is_kept_outlasts_the_deadline(router: Router) -> None:
    router.serve_lan()
    change = router.on_trial(RENUMBERED, SHORT)
    router.wish("keep", change=change)
    until(lambda: router.kept() == 2, "it is kept")
    time.sleep(SHORT + 1)
    assert "br-lan 10.78.0.1/24" in router.addresses()
    assert router.told(RevisionUndone) == []


def test_more_time_is_given(router: Router) -> None:
    router.serve_lan()
    change = router.on_trial(RENUMBERED, SHORT)
    router.wish("extend", change=change, seconds="600")
    until(lambda: router.told(TrialExtended), "it is given")
    time.sleep(SHORT + 1)
    assert router.trial() == (change, "pending")
    router.wish("undo", change=change, by="ada")
    until(lambda: is_undone(router, "ada took it back."), "it is undone")


def test_killed_during_a_trial_it_is_undone(router: Router) -> None:
    router.serve_lan()
    before = router.picture()
    router.on_trial(RENUMBERED)
    router.kill()
    assert "br-lan 10.78.0.1/24" in router.addresses()
    router.start()
    until(lambda: is_undone(router, RESTART), "it is undone")
    until(lambda: router.picture() == before, "everything is as it was")
    assert router.kept() == 1


def test_killed_in_the_middle_of_a_change_it_is_undone(router: Router) -> None:
    router.serve_lan()
    before = router.picture()
    router.try_out(MANY)
    until(lambda: "br-n5:" in router.inside.run("ip", "link"), "the change is under way")
    router.kill()
    assert router.inside.run("ip", "-4", "-o", "addr").count(": br-n") < 100
    router.start()
    until(lambda: is_undone(router, RESTART), "it is undone")
    until(lambda: router.picture() == before, "everything is as it was")


def test_after_a_reboot_the_kept_configuration_runs(router: Router) -> None:
    """The kernel is blank, as it is after a power cut."""
    router.serve_lan()
    router.on_trial(RENUMBERED)
    router.kill()
    router.inside.run("ip", "link", "del", "br-lan")
    router.inside.run("ip", "addr", "flush", "dev", "up0")
    router.inside.run("nft", "flush", "ruleset")
    router.start()
    until(lambda: is_undone(router, RESTART), "it is undone")
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "the kept one runs")
    assert "br-lan 10.78.0.1/24" not in router.addresses()


def test_without_the_inventory_the_deadline_still_counts(router: Router) -> None:
    router.serve_lan()
    router.on_trial(RENUMBERED, SHORT)
    for path in router.state.glob("nixie.db*"):
        path.unlink()
    until(lambda: is_undone(router, NO_KEEP), "it is undone")


def test_keep_of_an_older_change_is_refused(router: Router) -> None:
    router.serve_lan()
    older = router.on_trial(RENUMBERED)
    router.wish("undo", change=older, by="ada")
    until(lambda: is_undone(router, "ada took it back."), "it is undone")
    change = router.on_trial(RENUMBERED)
    wish = router.wish("keep", change=older)
    (refused,) = until(lambda: router.told(ChangeRefused), "the wish is refused")
    assert refused.wish == wish
    assert (router.trial(), router.kept()) == ((change, "pending"), 1)


def test_a_second_change_during_the_first_is_refused(router: Router) -> None:
    router.serve_lan()
    change = router.on_trial(RENUMBERED)
    wish = router.try_out(CUT_OFF)
    (refused,) = until(lambda: router.told(ChangeRefused), "the wish is refused")
    assert refused == ChangeRefused(wish, "Revision 2 is on trial. Keep or undo it first.")
    assert router.trial() == (change, "pending")


def test_during_a_trial_both_addresses_answer(router: Router) -> None:
    router.serve_lan()
    router.lan.run("ip", "addr", "add", "10.78.0.50/24", "dev", "eth0")
    change = router.on_trial(MOVED)
    assert {"br-lan 10.77.0.1/24", "br-lan 10.78.0.1/24"} <= router.addresses()
    for address in ("10.77.0.1", "10.78.0.1", "192.0.2.1"):  # by the old gateway, translated
        until(lambda to=address: router.lan.pings(to), f"{address} answers")
    router.wish("undo", change=change, by="ada")
    until(lambda: is_undone(router, "ada took it back."), "it is undone")
    assert "br-lan 10.78.0.1/24" not in router.addresses()


def test_without_leases_the_old_address_goes_with_keep(router: Router) -> None:
    router.serve_lan()
    router.wish("keep", change=router.on_trial(MOVED))
    until(lambda: router.kept() == 2, "it is kept")
    until(lambda: "br-lan 10.77.0.1/24" not in router.addresses(), "the old address is gone")


def test_with_a_lease_the_old_address_stays_until_it_has_moved(router: Router) -> None:
    router.serve_lan()
    leases = writer(router.state / "leases.db", MIGRATIONS)
    commit(leases, [held(time.time() + 3600)], [], 0)
    router.wish("keep", change=router.on_trial(MOVED))
    until(lambda: router.kept() == 2, "it is kept")
    router.kill()
    router.start()
    slices = until(lambda: router.slices(), "the slices are there")
    assert [one.stage for one in slices.dhcp] == [SERVED, LEFT]
    assert {"br-lan 10.77.0.1/24", "br-lan 10.78.0.1/24"} <= router.addresses()
    commit(leases, [held(time.time() - 1)], [], 0)
    until(lambda: "br-lan 10.77.0.1/24" not in router.addresses(), "the old address is gone")
    left = until(lambda: router.told(AddressLeft), "it is told")
    assert left == [AddressLeft("lan", "10.77.0.1")]
    leases.close()


def test_during_a_trial_what_is_handed_out_is_for_a_minute(router: Router) -> None:
    router.serve_lan()
    change = router.on_trial(MOVED)
    tried = router.slices()
    assert tried
    assert [str(one.address) for one in tried.dns.networks] == ["10.78.0.1/24"]
    assert [(str(one.address), one.lease_seconds, one.stage) for one in tried.dhcp] == [
        ("10.78.0.1/24", 60, TRIED),
        ("10.77.0.1/24", 60, HELD),
    ]
    router.wish("undo", change=change, by="ada")
    until(lambda: is_undone(router, "ada took it back."), "it is undone")
    kept = router.slices()
    assert kept
    assert [(str(one.address), one.lease_seconds) for one in kept.dhcp] == [
        ("10.77.0.1/24", 43_200)
    ]


def test_the_trial_is_on_disk_before_the_first_step(router: Router) -> None:
    router.serve_lan()
    router.try_out(MANY)
    until(lambda: "br-n0:" in router.inside.run("ip", "link"), "the change is under way")
    router.kill()
    connection = router.net()
    assert connection
    state, body = connection.execute("SELECT state, body FROM trial").fetchone()
    assert state == "journalled"
    assert "br-lan" in json.loads(body)["before"]["links"]
