"""What foreign code is told of names, by the dns role on real sockets."""

from dataclasses import replace

import pytest

from tests.live.dns_place import SLICES, Names, asking, dns
from tests.live.waiting import until

pytestmark = pytest.mark.live
__all__ = ["dns"]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("name", ["printer.lan", "nixie.lan", "nobody.lan"])
def test_a_name_at_home_is_not_told(dns: Names, name: str, tcp: bool) -> None:
    said = dns.ask_as_foreign_code(name, tcp=tcp)
    assert (said["code"], said["answers"]) == ("NXDOMAIN", [])


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_name_of_the_internet_is_told(dns: Names, tcp: bool) -> None:
    dns.upstream()
    for _ in range(2):  # asked, and from what is kept
        said = dns.ask_as_foreign_code("www.example.com", tcp=tcp)
        assert said["answers"] == ["203.0.113.5"]


def test_a_name_that_leads_home_is_not_told_though_the_lan_may_know_it(dns: Names) -> None:
    dns.upstream("--host-record=office.example,10.9.9.9")
    dns.publish(asking("192.0.2.1", private_answers=("office.example",)))
    until(lambda: dns.answers("office.example") == ["10.9.9.9"], "the LAN is told")
    for _ in range(2):
        assert dns.ask_as_foreign_code("office.example")["code"] == "NXDOMAIN"


def test_a_listed_server_is_told(dns: Names) -> None:
    dns.publish(replace(SLICES, dns=replace(SLICES.dns, reached=("printer.lan",))))
    until(lambda: dns.ask_as_foreign_code("printer.lan")["answers"] == ["10.77.0.7"], "it is told")
    assert dns.ask_as_foreign_code("nixie.lan")["code"] == "NXDOMAIN"
