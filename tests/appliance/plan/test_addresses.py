from ipaddress import IPv4Interface

from appliance.plan.addresses import AddAddress, DropAddress, owned, steps

HOME, OFFICE = IPv4Interface("10.0.0.1/24"), IPv4Interface("10.1.0.1/24")


def test_a_new_address_comes_before_the_old_one_goes() -> None:
    found = steps({"br-lan": frozenset({OFFICE})}, {"br-lan": frozenset({HOME})})
    assert found == (AddAddress("br-lan", OFFICE), DropAddress("br-lan", HOME))


def test_a_link_that_does_not_exist_yet_gets_its_address() -> None:
    assert steps({"br-lan": frozenset({HOME})}, {}) == (AddAddress("br-lan", HOME),)


def test_an_address_that_no_config_names_is_not_ours() -> None:
    present = {"br-lan": frozenset({HOME, OFFICE}), "eth9": frozenset({OFFICE})}
    assert owned(present, {"br-lan": frozenset({HOME})}) == {"br-lan": frozenset({HOME})}
