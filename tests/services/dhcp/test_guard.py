from ipaddress import IPv4Address
from math import inf

from appliance.events import (
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    ForeignServerGone,
    Unanswered,
)
from services.dhcp.guard import (
    ANSWER_SECONDS,
    BETWEEN_SECONDS,
    DEAF,
    GONE_SECONDS,
    LISTENING,
    PROBE_SECONDS,
    PROBE_WHILE_STOPPED,
    Guard,
    boot_fields,
    probes,
)
from services.dhcp.wire import Message, decode, encode
from services.netboot.firmware import Class, firmware
from services.netboot.recipe import Nothing
from tests.services.dhcp.router import MAC, capture, number

OURS = IPv4Address("10.77.0.1")
CARD = b"\x02\x00\x00\x00\x02\x50"
OPENS = BETWEEN_SECONDS + ANSWER_SECONDS
TOLD = ForeignServer("lan", "10.77.0.250", CARD.hex(":"), "10.77.0.9/24")


def offer(server: str = "10.77.0.250", kind: int = 2, **options: bytes) -> Message:
    said = [(53, bytes((kind,))), (54, IPv4Address(server).packed), (1, b"\xff\xff\xff\0")]
    said += [(int(name[1:]), value) for name, value in options.items()]
    return decode(encode(op=2, xid=1, chaddr=MAC, yiaddr=number("10.77.0.9"), options=said))


def opened() -> Guard:
    guard = Guard("lan", OURS, 0.0)
    guard.probed(0.0)
    guard.probed(BETWEEN_SECONDS)
    return guard


def quiet(
    guard: Guard, now: float, hears: bool = True, beside_others: bool = False
) -> Nothing | None:
    return guard.quiet(now, hears=hears, beside_others=beside_others)


def gone_after(guard: Guard, start: float, step: float = PROBE_WHILE_STOPPED) -> float:
    """Probe without an answer until the other server counts as gone; how long that took."""
    now = start
    while now < start + 10 * GONE_SECONDS:
        if guard.probed(now):
            return now - start
        now += step
    return inf


# ── before the first answer ───────────────────────────────────────────────────────────────────────


def test_a_probe_is_due_at_once() -> None:
    assert Guard("lan", OURS, 5.0).wake_at == 5.0


def test_a_second_probe_follows_because_one_may_be_lost() -> None:
    guard = Guard("lan", OURS, 0.0)
    guard.probed(0.0)
    assert guard.wake_at == BETWEEN_SECONDS


def test_nothing_is_answered_while_the_first_probes_are_out() -> None:
    assert quiet(opened(), OPENS - 0.1) == LISTENING


def test_an_offer_that_waits_for_a_ping_comes_in_time() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 3.1 + BETWEEN_SECONDS)  # dnsmasq, when the first probe was lost
    assert quiet(guard, OPENS)


def test_silence_after_the_first_probes_opens_the_network() -> None:
    assert quiet(opened(), OPENS) is None


def test_one_probe_is_not_enough_to_open() -> None:
    guard = Guard("lan", OURS, 0.0)
    guard.probed(0.0)
    assert quiet(guard, 1000.0) == LISTENING


def test_a_network_without_a_cable_is_listened_to_when_it_has_one() -> None:
    guard = Guard("lan", OURS, 0.0)
    guard.probed(0.0)
    guard.cut(1.0)
    guard.probed(100.0)
    assert quiet(guard, 200.0) == LISTENING
    guard.probed(200.0)
    assert quiet(guard, 200.0 + ANSWER_SECONDS) is None


def test_a_network_that_was_open_a_moment_ago_need_not_wait() -> None:
    guard = Guard("lan", OURS, 50.0, opened=True)
    assert quiet(guard, 50.0) is None
    assert guard.wake_at == 50.0


def test_an_open_network_stays_open_when_its_cable_was_out() -> None:
    guard = opened()
    guard.cut(100.0)
    assert quiet(guard, 101.0) is None
    assert guard.wake_at <= 101.0


def test_a_probe_is_sent_every_minute() -> None:
    assert opened().wake_at == BETWEEN_SECONDS + PROBE_SECONDS


# ── another server ────────────────────────────────────────────────────────────────────────────────


def test_a_foreign_offer_stops_our_pool_with_an_event() -> None:
    guard = opened()
    assert guard.heard(offer(), CARD, 30.0) == (TOLD,)
    stopped = quiet(guard, 30.0)
    assert stopped == Nothing(
        "another DHCP server answers here (10.77.0.250)", Unanswered.FOREIGN_SERVER
    )


def test_a_foreign_ack_stops_our_pool_too() -> None:
    guard = opened()
    guard.heard(offer(kind=5), CARD, 30.0)
    assert quiet(guard, 30.0)


def test_a_foreign_server_is_told_of_once() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    assert guard.heard(offer(), CARD, 31.0) == ()


def test_what_a_server_shows_later_is_told_too() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    (more,) = guard.heard(offer(o66=b"a", o67=b"b"), CARD, 31.0)
    assert more == ForeignServer(
        "lan", "10.77.0.250", CARD.hex(":"), "10.77.0.9/24", "option 66, option 67"
    )
    assert guard.heard(offer(o67=b"b"), CARD, 32.0) == ()


def test_our_own_offers_do_not_worry_us() -> None:
    guard = opened()
    assert guard.heard(offer("10.77.0.1"), CARD, 30.0) == ()
    assert quiet(guard, 30.0) is None


def test_a_client_does_not_count_as_a_server() -> None:
    guard = opened()
    guard.heard(decode(capture("ovmf-x64-discover")), CARD, 30.0)
    assert quiet(guard, 30.0) is None


def test_the_owner_may_decide_to_answer_beside_others() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    assert quiet(guard, 30.0, beside_others=True) is None


def test_who_cannot_hear_others_does_not_answer() -> None:
    assert quiet(opened(), 100.0, hears=False) == DEAF


def test_a_server_known_before_we_stopped_keeps_us_quiet() -> None:
    guard = Guard("lan", OURS, 0.0, known=[TOLD])
    guard.probed(0.0)
    guard.probed(BETWEEN_SECONDS)
    assert quiet(guard, 100.0)
    assert guard.heard(offer(), CARD, 101.0) == ()


def test_forged_servers_without_number_do_not_fill_the_memory() -> None:
    guard = opened()
    told = [guard.heard(offer(f"10.77.1.{n}"), CARD, 30.0) for n in range(1, 200)]
    assert sum(bool(events) for events in told) == 16


# ── and when it is gone ───────────────────────────────────────────────────────────────────────────


def test_while_stopped_probes_are_more_frequent() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    assert guard.wake_at == 30.0 + PROBE_WHILE_STOPPED


def test_a_server_that_was_silent_for_three_minutes_is_gone() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    assert quiet(guard, 30.0 + 179.0)
    assert guard.probed(30.0 + 1.0) == ()
    assert gone_after(guard, 40.0) == GONE_SECONDS - 10.0
    assert quiet(guard, 30.0 + GONE_SECONDS) is None


def test_its_going_is_told() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    for now in (40.0, 50.0, 60.0):
        assert guard.probed(now) == ()
    assert guard.probed(30.0 + GONE_SECONDS) == (ForeignServerGone("lan", "10.77.0.250"),)


def test_minutes_in_which_nobody_asked_prove_nothing() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    assert guard.probed(9000.0) == ()  # the machine slept
    assert quiet(guard, 9000.0)


def test_minutes_without_a_cable_prove_nothing() -> None:
    guard = opened()
    guard.heard(offer(), CARD, 30.0)
    for now in (40.0, 50.0, 60.0, 70.0):
        guard.probed(now)
    guard.cut(200.0)
    assert guard.probed(211.0) == ()
    assert 221.0 + gone_after(guard, 221.0) == 201.0 + GONE_SECONDS


def test_a_server_that_answers_the_probes_keeps_us_quiet() -> None:
    guard = opened()
    for n in range(50):
        guard.heard(offer(), CARD, 30.0 + n * PROBE_WHILE_STOPPED)
        assert guard.probed(31.0 + n * PROBE_WHILE_STOPPED) == ()
    assert quiet(guard, 550.0)


# ── servers for machines that boot ────────────────────────────────────────────────────────────────


def test_g14_a_foreign_proxy_is_told_of_without_stopping_us() -> None:
    guard = opened()
    assert guard.heard(decode(capture("g14-foreign-proxy")), CARD, 30.0) == (
        ForeignBootServer("lan", "192.168.1.1", "option 60", CARD.hex(":")),
    )
    assert quiet(guard, 30.0) is None


def test_g14_a_proxy_that_is_gone_is_told_of_too() -> None:
    guard = opened()
    guard.heard(decode(capture("g14-foreign-proxy")), CARD, 30.0)
    for now in (62.0, 122.0, 182.0):
        assert guard.probed(now) == ()
    assert guard.probed(242.0) == (ForeignBootServerGone("lan", "192.168.1.1"),)


def test_a_proxy_that_gives_an_address_after_all_is_a_server() -> None:
    guard = opened()
    guard.heard(decode(capture("g14-foreign-proxy")), CARD, 30.0)
    (told,) = guard.heard(offer("192.168.1.1"), CARD, 31.0)
    assert told == ForeignServer("lan", "192.168.1.1", CARD.hex(":"), "10.77.0.9/24", "option 60")
    assert quiet(guard, 31.0)


def test_g22_the_boot_fields_of_a_foreign_server_are_named() -> None:
    said = boot_fields(decode(capture("g22-foreign-offer")))
    assert said == "option 66, option 67, option 150"


def test_g22_a_boot_file_in_the_header_is_named_too() -> None:
    said = encode(op=2, xid=1, chaddr=MAC, file=b"pxelinux.0", options=[(43, b"\1"), (60, b"x")])
    assert boot_fields(decode(said)) == "a boot file, option 60, option 43"


def test_g22_a_foreign_server_with_boot_fields_is_one_event() -> None:
    assert opened().heard(decode(capture("g22-foreign-offer")), CARD, 30.0) == (
        ForeignServer(
            "lan",
            "192.168.1.1",
            CARD.hex(":"),
            "192.168.1.158/24",
            "option 66, option 67, option 150",
        ),
    )


# ── the probes ────────────────────────────────────────────────────────────────────────────────────


def test_our_probes_are_discovers_that_want_a_broadcast() -> None:
    for one in probes(MAC, 7):
        asked = decode(one)
        assert (asked.op, asked.kind, asked.flags, asked.ciaddr) == (1, 1, 0x8000, 0)


def test_one_probe_asks_as_an_ordinary_device_and_one_as_firmware() -> None:
    asked = [decode(one) for one in probes(MAC, 7)]
    kinds = [firmware(one.options, one.chaddr).kind for one in asked]
    assert kinds == [Class.ORDINARY, Class.PXE]
    assert asked[0].xid != asked[1].xid
