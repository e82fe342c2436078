import pytest

from appliance.actions import changes, draft, router
from appliance.actions.desk import Desk
from appliance.errors import Refused
from appliance.model.pppoe import Pppoe
from appliance.model.wan import Wan
from tests.appliance.actions.conftest import OWNER
from tests.appliance.actions.test_changes import CONFIG


@pytest.fixture
def begun(desk: Desk) -> Desk:
    """A router with its first configuration."""
    changes.propose_revision(desk, OWNER, CONFIG)
    return desk


def test_the_internet_is_reached_by_a_port(begun: Desk) -> None:
    router.set_internet(begun, OWNER, {"port": "eth0"})
    assert draft.edited(begun).wan == Wan("eth0")


def test_what_is_not_said_of_the_way_out_stays(begun: Desk) -> None:
    static = {"address": "192.0.2.7/24", "gateway": "192.0.2.1"}
    router.set_internet(begun, OWNER, {"port": "eth0", "static": static})
    router.set_internet(begun, OWNER, {"port": "eth2"})
    wan = draft.edited(begun).wan
    assert wan
    assert wan.port == "eth2"
    assert wan.static
    assert str(wan.static.gateway) == "192.0.2.1"


def test_the_internet_is_shut_off(begun: Desk) -> None:
    router.set_internet(begun, OWNER, {"port": "eth0"})
    router.set_internet(begun, OWNER, None)
    assert draft.current(begun) is None


def test_a_way_out_over_the_lans_port_is_refused_with_its_place(begun: Desk) -> None:
    with pytest.raises(Refused) as caught:
        router.set_internet(begun, OWNER, {"port": "eth1"})
    assert caught.value.problems[0].where == ("wan", "port")


def test_the_router_is_named(begun: Desk) -> None:
    done = router.set_names(begun, OWNER, "ember", "home.example", ["192.0.2.53"])
    assert done.what == "The router is to be ember.home.example."
    found = draft.edited(begun)
    assert (found.hostname, found.domain) == ("ember", "home.example")


def test_an_upstream_that_stays_keeps_what_else_is_set_of_it(begun: Desk) -> None:
    upstreams = [{"address": "192.0.2.53", "tls_name": "dns.example"}]
    changes.propose_revision(begun, OWNER, {**CONFIG, "dns": {"upstreams": upstreams}})
    router.set_names(begun, OWNER, "nixie", "lan", ["192.0.2.54", "192.0.2.53"])
    first, second = draft.edited(begun).dns.upstreams
    assert (str(first.address), second.tls_name) == ("192.0.2.54", "dns.example")


def test_an_upstream_by_ipv6_is_known_however_it_is_written(begun: Desk) -> None:
    upstreams = [{"address": "2620:fe::fe", "tls_name": "dns.example"}]
    networks = [{**one, "ipv6": {}} for one in CONFIG["networks"]]
    ula = "fd12:3456:789a::/48"
    whole = {**CONFIG, "networks": networks, "ula": ula, "dns": {"upstreams": upstreams}}
    changes.propose_revision(begun, OWNER, whole)
    router.set_names(begun, OWNER, "nixie", "lan", ["2620:FE:0:0::FE"])
    (kept,) = draft.edited(begun).dns.upstreams
    assert (str(kept.address), kept.tls_name) == ("2620:fe::fe", "dns.example")


def test_the_time_is_set(begun: Desk) -> None:
    router.set_time(begun, OWNER, ["ntp.example"], "Europe/Helsinki", serve=False)
    config = draft.edited(begun)
    assert (config.time.servers, config.time.serve) == (("ntp.example",), False)
    assert config.time_zone == "Europe/Helsinki"


def by_pppoe(desk: Desk, password: str = "", user: str = "ada@isp.test") -> Pppoe:
    stored = {"port": "eth0", "pppoe": {"user": user, "service": ""}}
    router.set_internet(desk, OWNER, stored, password)
    wan = draft.edited(desk).wan
    assert wan
    assert wan.pppoe
    return wan.pppoe


def test_the_providers_password_is_kept_outside_the_configuration(begun: Desk) -> None:
    found = by_pppoe(begun, 'a "b" \\')
    assert begun.secrets.read(f"pppoe/{found.secret}") == b'* * "a \\"b\\" \\\\"\n'
    assert 'a "b"' not in draft.written(draft.edited(begun))


def test_the_password_stays_when_none_is_typed(begun: Desk) -> None:
    first = by_pppoe(begun, "one")
    assert by_pppoe(begun, user="eve@isp.test").secret == first.secret


def test_another_password_leaves_the_old_one_for_an_undo(begun: Desk) -> None:
    first, second = by_pppoe(begun, "one"), by_pppoe(begun, "two")
    assert first.secret != second.secret
    assert begun.secrets.read(f"pppoe/{first.secret}") == b'* * "one"\n'


def test_pppoe_without_a_password_is_refused_beside_its_field(begun: Desk) -> None:
    with pytest.raises(Refused) as caught:
        by_pppoe(begun)
    assert caught.value.problems[0].where == ("wan", "pppoe", "password")


def test_a_password_of_two_lines_is_refused(begun: Desk) -> None:
    with pytest.raises(Refused, match="1 to 128 characters"):
        by_pppoe(begun, "a\nb * c")
