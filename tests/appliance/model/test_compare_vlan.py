from dataclasses import replace

from appliance.model.compare import differences
from appliance.model.wan import Wan
from tests.appliance.model.test_check_vlan import CONFIG, GUEST, LAN


def test_a_port_gets_a_tag() -> None:
    before = replace(CONFIG, networks=(LAN, replace(GUEST, tagged=())))
    assert differences(before, CONFIG) == ("eth1 carries guest with the tag 20.",)


def test_a_port_loses_its_tag() -> None:
    after = replace(CONFIG, networks=(LAN, replace(GUEST, tagged=())))
    assert differences(CONFIG, after) == ("eth1 no longer carries guest with the tag 20.",)


def test_a_new_network_is_told_with_its_tags() -> None:
    assert differences(replace(CONFIG, networks=(LAN,)), CONFIG) == (
        "The network guest over eth1 (tag 20) has the address 10.78.0.1/24.",
    )


def test_the_provider_sees_another_tag() -> None:
    after = replace(CONFIG, wan=Wan("eth0", vlan=7))
    assert differences(CONFIG, after) == (
        "The tag on the way to the internet becomes 7 (was none).",
    )
    assert differences(after, CONFIG) == (
        "The tag on the way to the internet becomes none (was 7).",
    )
