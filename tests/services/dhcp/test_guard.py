from ipaddress import IPv4Address

from appliance.events import ForeignBootServer, ForeignServer, ForeignServerGone
from services.dhcp.guard import (
    LISTEN_SECONDS,
    LISTENING,
    PROBE_SECONDS,
    PROBE_WHILE_STOPPED,
    Guard,
    boot_fields,
    probe,
)
from services.dhcp.wire import Message, decode, encode
from tests.services.dhcp.router import MAC, capture, number

OURS = IPv4Address("10.77.0.1")


def offer(server: str = "10.77.0.250", kind: int = 2) -> Message:
    return decode(
        encode(
            op=2,
            xid=1,
            chaddr=MAC,
            yiaddr=number("10.77.0.9"),
            options=[(53, bytes((kind,))), (54, IPv4Address(server).packed)],
        )
    )


def opened() -> Guard:
    guard = Guard("lan", OURS, 0.0)
    guard.probed(0.0)
    return guard


def quiet(guard: Guard, now: float, beside_others: bool = False) -> str | None:
    return guard.quiet(now, beside_others=beside_others)


def test_a_probe_is_due_at_once() -> None:
    assert Guard("lan", OURS, 5.0).wake_at == 5.0


def test_nothing_is_answered_while_the_first_probe_is_out() -> None:
    assert quiet(opened(), LISTEN_SECONDS - 0.1) == LISTENING


def test_silence_after_the_first_probe_opens_the_network() -> None:
    assert quiet(opened(), LISTEN_SECONDS) is None


def test_a_probe_is_sent_every_minute() -> None:
    assert opened().wake_at == PROBE_SECONDS


def test_a_foreign_offer_stops_our_pool_with_an_event() -> None:
    guard = opened()
    assert guard.heard(offer(), 30.0) == (ForeignServer("lan", "10.77.0.250", MAC.hex(":")),)
    assert quiet(guard, 30.0) == "another DHCP server answers here (10.77.0.250)"


def test_a_foreign_ack_stops_our_pool_too() -> None:
    guard = opened()
    guard.heard(offer(kind=5), 30.0)
    assert quiet(guard, 30.0)


def test_a_foreign_server_is_told_of_once() -> None:
    guard = opened()
    guard.heard(offer(), 30.0)
    assert guard.heard(offer(), 31.0) == ()


def test_our_own_offers_do_not_worry_us() -> None:
    guard = opened()
    assert guard.heard(offer("10.77.0.1"), 30.0) == ()
    assert quiet(guard, 30.0) is None


def test_a_client_does_not_count_as_a_server() -> None:
    guard = opened()
    guard.heard(decode(capture("ovmf-x64-discover")), 30.0)
    assert quiet(guard, 30.0) is None


def test_the_owner_may_decide_to_answer_beside_others() -> None:
    guard = opened()
    guard.heard(offer(), 30.0)
    assert quiet(guard, 30.0, beside_others=True) is None


def test_while_stopped_probes_are_more_frequent() -> None:
    guard = opened()
    guard.heard(offer(), 30.0)
    assert guard.wake_at == 30.0 + PROBE_WHILE_STOPPED


def test_a_server_that_stays_silent_through_the_probes_is_gone() -> None:
    guard = opened()
    guard.heard(offer(), 30.0)
    told = [guard.probed(30.0 + n * PROBE_WHILE_STOPPED) for n in range(1, 5)]
    assert told == [(), (), (), (ForeignServerGone("lan", "10.77.0.250"),)]
    assert quiet(guard, 70.0) is None


def test_a_server_that_answers_the_probes_keeps_us_quiet() -> None:
    guard = opened()
    for n in range(20):
        guard.heard(offer(), 30.0 + n * PROBE_WHILE_STOPPED)
        guard.probed(31.0 + n * PROBE_WHILE_STOPPED)
    assert quiet(guard, 250.0)


def test_forged_servers_without_number_do_not_fill_the_memory() -> None:
    guard = opened()
    told = [guard.heard(offer(f"10.77.1.{n}"), 30.0) for n in range(1, 200)]
    assert sum(bool(events) for events in told) == 16


def test_g14_a_foreign_proxy_is_told_of_without_stopping_us() -> None:
    guard = opened()
    assert guard.heard(decode(capture("g14-foreign-proxy")), 30.0) == (
        ForeignBootServer("lan", "192.168.1.9", "option 60"),
    )
    assert quiet(guard, 30.0) is None


def test_g22_the_boot_fields_of_a_foreign_server_are_named() -> None:
    said = boot_fields(decode(capture("g22-foreign-offer")))
    assert said == "a boot file, option 66, option 67, option 150"


def test_g22_a_foreign_server_with_boot_fields_makes_two_events() -> None:
    events = opened().heard(decode(capture("g22-foreign-offer")), 30.0)
    assert [type(event) for event in events] == [ForeignServer, ForeignBootServer]


def test_our_probe_is_a_discover_that_wants_a_broadcast() -> None:
    asked = decode(probe(MAC, 7))
    assert (asked.op, asked.kind, asked.flags, asked.ciaddr) == (1, 1, 0x8000, 0)
