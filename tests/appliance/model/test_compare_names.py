from ipaddress import IPv4Address

from appliance.model.compare_names import differences
from appliance.model.dns import Dns, Forwarding, Record, Upstream

QUAD9 = Upstream(IPv4Address("9.9.9.9"), "dns.quad9.net")
NAS = Record("nas", "A", "10.77.0.9")
CORP = Forwarding("corp.example", (Upstream(IPv4Address("10.9.9.9")),))


def test_an_encrypted_upstream_is_told_as_such() -> None:
    assert list(differences(Dns(), Dns((QUAD9,)))) == [
        "Names of the internet are asked of 9.9.9.9 (dns.quad9.net, encrypted) (was nobody)."
    ]


def test_a_record_comes_and_goes_by_its_value() -> None:
    with_nas = Dns(records=(NAS,))
    assert list(differences(Dns(), with_nas)) == ["nas has the record A 10.77.0.9, for 300 s."]
    assert list(differences(with_nas, Dns())) == ["nas no longer has the record A 10.77.0.9."]


def test_a_forwarding_is_told_by_its_domain() -> None:
    with_corp = Dns(forwardings=(CORP,))
    assert list(differences(Dns(), with_corp)) == ["Names in corp.example are asked of 10.9.9.9."]
    assert list(differences(with_corp, Dns())) == [
        "Names in corp.example are no longer asked of a server of their own."
    ]


def test_names_that_may_be_private_are_told() -> None:
    allowed = Dns(private_answers=("plex.direct",))
    assert list(differences(Dns(), allowed)) == ["plex.direct may have a private address."]
    assert list(differences(allowed, Dns())) == [
        "plex.direct may no longer have a private address."
    ]


def test_the_allowance_is_told() -> None:
    assert list(differences(Dns(), Dns(queries_per_second=50))) == [
        "A client may ask for 50 names a second (was 1000)."
    ]


def test_nothing_is_told_of_nothing() -> None:
    assert list(differences(Dns((QUAD9,), (NAS,)), Dns((QUAD9,), (NAS,)))) == []
