from ipaddress import IPv4Interface

from appliance.model.check import problems
from appliance.plan import order
from appliance.plan.addresses import AddAddress, DropAddress
from appliance.plan.beside import beside, stays
from appliance.plan.firewall import Refill
from services.bench.change.homes import PAIR, batch, refill

LISTED = "table inet nixie {\n\tchain a {\n\t\taccept\n\t}\n\n\tchain input {\n\t\tdrop\n\t}\n}\n"


def trial() -> tuple[order.Step, ...]:
    before, after = PAIR
    tried = beside(order.wanted(after), after, stays(before, after))
    return order.steps(tried, order.wanted(before))


def test_both_homes_are_right() -> None:
    assert [problems(home) for home in PAIR] == [(), ()]


def test_on_trial_the_old_address_stays() -> None:
    assert batch(trial()) == "address add 10.78.0.1/24 dev br-lan\n"


def test_an_address_is_taken_away_like_it_was_given() -> None:
    steps = [DropAddress("br-lan", IPv4Interface("10.77.0.1/24")), *trial()]
    assert batch(steps).splitlines()[0] == "address del 10.77.0.1/24 dev br-lan"
    assert AddAddress in map(type, steps)


def test_the_peer_refills_the_chains_that_we_do() -> None:
    file = refill(trial(), LISTED)
    assert "flush chain inet nixie postrouting\n" in file


def test_a_chain_is_refilled_as_it_is_listed() -> None:
    (step,) = (one for one in trial() if not isinstance(one, AddAddress))
    assert isinstance(step, Refill)
    names = [chain.name for chain in step.fill]
    listed = LISTED.replace("chain input", f"chain {names[0]}")
    assert refill(trial(), listed).endswith(
        f"table inet nixie {{\n\tchain {names[0]} {{\n\t\tdrop\n\t}}\n}}\n"
    )
