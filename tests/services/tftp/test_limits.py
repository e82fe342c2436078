import pytest

from services.tftp.limits import (
    CLIENTS_REMEMBERED,
    REQUESTS_AT_ONCE,
    TRANSFERS,
    TRANSFERS_PER_CLIENT,
    Full,
    Limits,
    makes_room,
)
from services.tftp.transfer import Terms, Transfer


def running(*, heard: bool) -> Transfer:
    transfer = Transfer(9_000, Terms())
    transfer.start(0.0)
    if heard:
        transfer.acked(1, 0.0)
    return transfer


def test_g63_a_client_that_asks_without_end_is_met_with_silence() -> None:
    limits = Limits()
    admitted = [limits.admits("10.0.0.9", 0.0) for _ in range(REQUESTS_AT_ONCE + 10)]
    assert admitted == [True] * REQUESTS_AT_ONCE + [False] * 10


def test_g63_another_client_is_served_meanwhile() -> None:
    limits = Limits()
    while limits.admits("10.0.0.9", 0.0):
        pass
    assert limits.admits("10.0.0.8", 0.0)


def test_g63_the_silence_ends_by_itself() -> None:
    limits = Limits()
    while limits.admits("10.0.0.9", 0.0):
        pass
    assert limits.admits("10.0.0.9", 1.0)


def test_forged_addresses_do_not_fill_the_memory() -> None:
    limits = Limits()
    for number in range(CLIENTS_REMEMBERED + 100):
        limits.admits(str(number), 0.0)
    assert len(limits._buckets) == CLIENTS_REMEMBERED


def test_g63_a_clients_oldest_unheard_transfer_makes_room() -> None:
    crowd = [("a", running(heard=True))] + [
        ("a", running(heard=False)) for _ in range(TRANSFERS_PER_CLIENT)
    ]
    assert makes_room(crowd, "a") == 1
    assert makes_room(crowd, "b") is None


def test_g63_a_client_with_too_many_real_transfers_is_refused() -> None:
    crowd = [("a", running(heard=True)) for _ in range(TRANSFERS_PER_CLIENT)]
    with pytest.raises(Full):
        makes_room(crowd, "a")


def test_g63_the_whole_server_has_a_limit() -> None:
    crowd = [(str(number), running(heard=False)) for number in range(TRANSFERS)]
    assert makes_room(crowd, "new") == 0
