"""What a machine is to boot once, by real firmware: the power goes at each moment that counts."""

import pytest

from tests.vm.lab import Workshop, switched_on

pytestmark = pytest.mark.vm
MAC = "52:54:00:76:6f:01"


def test_an_installation_is_booted_once_whatever_the_power_does(workshop: Workshop) -> None:
    workshop.assign(MAC, "forge", host=workshop.hosts["native"], once="install")
    with switched_on(workshop, MAC, "bios") as machine:
        row = workshop.ends(machine, "starting")  # and the power goes before it is up
    assert row.intent == "install"
    with switched_on(workshop, MAC, "bios") as machine:
        machine.says("It is not sent a second time")
    once = workshop.router.client.get("/machines/forge")["once"]
    assert (once["state"], once["boot"]) == ("unsure", row.id)
    workshop.router.client.post("/machines/forge/again")
    with switched_on(workshop, MAC, "bios") as machine:
        row = workshop.ends(machine, "up", "short")
    assert row.state == "up"
    shown = workshop.router.client.get("/machines/forge")
    assert (shown["once"]["state"], shown["intent"]) == ("spent", "local")
    assert (shown["running"]["stand"], shown["running"]["boot"]) == ("in sync", row.id)
    with switched_on(workshop, MAC, "bios") as machine:
        machine.says("this machine starts from its own disk")
