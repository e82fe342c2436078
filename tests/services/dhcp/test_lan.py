from services.dhcp.lan import Budget, Lan, text
from services.dhcp.wire import ACK, OFFER
from tests.services.dhcp.router import LAN, LOADERS, number, with_reservation


def test_an_address_of_the_network_is_held_by_it() -> None:
    lan = Lan(LAN, LOADERS)
    assert lan.holds(number("10.77.0.250"))
    assert not lan.holds(number("10.77.1.1"))


def test_a_reservation_of_another_network_is_left_out() -> None:
    lan = Lan(with_reservation(b"\x02\0\0\0\0\1", "192.168.7.7"), LOADERS)
    assert lan.pool.reserved == {}


def test_the_ready_made_replies_have_no_client_in_them() -> None:
    lan = Lan(LAN, LOADERS)
    assert lan.tails[OFFER, 3600][192 + 4 :][:9].hex() == "3501023604" + "0a4d0001"
    assert lan.tails[ACK, 3600][192 + 4 :][:3].hex() == "350105"


def test_no_address_has_no_text() -> None:
    assert (text(0), text(number("10.77.0.1"))) == ("", "10.77.0.1")


def test_a_budget_allows_a_burst_then_a_rate() -> None:
    budget = Budget(rate=1, burst=3)
    assert [budget.spend(0.0) for _ in range(4)] == [True, True, True, False]
    assert [budget.spend(2.0) for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_does_not_empty_a_budget() -> None:
    budget = Budget(rate=1, burst=2)
    budget.spend(100.0)
    assert budget.spend(1.0)
