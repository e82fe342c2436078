from appliance.model.check import problems
from appliance.plan.firewall import wanted
from services.bench.firewall.client import _refill
from services.bench.firewall.rules import PAIR


def test_both_firewalls_have_a_thousand_rules() -> None:
    for config in PAIR:
        forward = wanted(config).chains["forward"].rules
        assert sum(rule["comment"].startswith("rule:") for rule in forward) == 1000
        assert problems(config) == ()


def test_every_rule_is_swapped() -> None:
    ports = [{port.first for rule in config.rules for port in rule.ports} for config in PAIR]
    assert ports[0] & ports[1] == set()


def test_the_peer_refills_the_chain_that_we_do() -> None:
    listed = "table inet nixie {\n\tchain input {\n\t}\n\n\tchain forward {\n\t\taccept\n\t}\n}\n"
    assert _refill(listed) == (
        "flush chain inet nixie forward\n"
        "table inet nixie {\n\tchain forward {\n\t\taccept\n\t}\n}\n"
    )
