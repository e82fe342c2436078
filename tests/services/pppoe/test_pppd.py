from pathlib import Path

from appliance.model.dns import Dns
from appliance.model.slices import DnsSlice, PppoeSlice, Slices, WanSlice
from services.pppoe.pppd import options, pppd

SESSION = PppoeSlice("wan0", "ada@isp", "0198-1", "", 1492)
NAMES = DnsSlice("nixie", "lan", (), Dns())
PROGRAM, FOLDER = Path("/home/daemons/usr/sbin/pppd"), Path("/state/pppd")


def told(wan: WanSlice | None) -> Slices:
    return Slices(1, (), NAMES, (), wan)


def test_another_way_out_needs_no_pppd() -> None:
    assert pppd(PROGRAM, FOLDER, told(None)) is None
    assert pppd(PROGRAM, FOLDER, told(WanSlice("wan0"))) is None


def test_the_password_reaches_pppd_as_a_file_only() -> None:
    found = pppd(PROGRAM, FOLDER, told(WanSlice("ppp-wan", pppoe=SESSION)))
    assert found
    password = "/state/secrets/web/pppoe/0198-1"
    assert (password, "/etc/ppp/pap-secrets") in found.binds
    assert (password, "/etc/ppp/chap-secrets") in found.binds
    assert found.files["etc/ppp/chap-secrets"] == ""


def test_pppd_can_write_into_its_own_folders_only() -> None:
    found = pppd(PROGRAM, FOLDER, told(WanSlice("ppp-wan", pppoe=SESSION)))
    assert found
    assert found.locked
    assert found.binds[:2] == (("/state/pppd/etc", "/etc"), ("/state/pppd/run", "/run"))


def test_routes_are_nets_own() -> None:
    assert "nodefaultroute\n" in options(SESSION, "ppp-wan")


def test_ipv6_is_asked_for_too() -> None:
    assert "+ipv6\n" in options(SESSION, "ppp-wan")


def test_what_the_owner_typed_cannot_become_an_option() -> None:
    odd = PppoeSlice("wan0", 'ada" debug', "0198-1", 'a" b\\', 1492)
    text = options(odd, "ppp-wan")
    assert 'user "ada\\" debug"\n' in text
    assert 'pppoe-service "a\\" b\\\\"\n' in text
