"""The DHCP client, message by message and second by second."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from appliance.model.way import FOREVER, Lease
from services.dhcp.options import (
    LEASE_SECONDS,
    MESSAGE_TYPE,
    REQUESTED_ADDRESS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
)
from services.dhcp.wire import (
    ACK,
    DECLINE,
    DISCOVER,
    NAK,
    OFFER,
    RELEASE,
    REPLY_OP,
    REQUEST,
    Message,
    decode,
    encode,
)
from services.wan.lease import Act, Ask, Client, Phase, Say
from services.wan.offer import refusal

MAC = bytes.fromhex("525400000001")
LANS = (("lan", IPv4Network("10.77.0.0/24")),)
SERVER, OTHER = IPv4Address("203.0.113.1"), IPv4Address("203.0.113.9")
GIVEN = IPv4Interface("203.0.113.5/24")


def client(held: tuple[Lease, float] | None = None) -> Client:
    numbers = iter(range(1, 100))
    return Client(MAC, LANS, lambda: next(numbers), 0.0, held)


def said(acts: tuple[Act, ...]) -> Message:
    (act,) = acts
    assert isinstance(act, Say)
    return decode(act.payload)


def reply(
    asked: Message,
    kind: int,
    *,
    server: IPv4Address = SERVER,
    address: IPv4Interface = GIVEN,
    gateway: str = "203.0.113.1",
    seconds: int = 800,
) -> Message:
    return decode(
        encode(
            op=REPLY_OP,
            xid=asked.xid,
            chaddr=asked.chaddr,
            yiaddr=0 if kind == NAK else int(address.ip),
            options=[
                (MESSAGE_TYPE, bytes((kind,))),
                (SERVER_ID, server.packed),
                *(
                    ()
                    if kind == NAK
                    else (
                        (SUBNET_MASK, address.netmask.packed),
                        (ROUTER, IPv4Address(gateway).packed),
                        (LEASE_SECONDS, seconds.to_bytes(4, "big")),
                    )
                ),
            ],
        )
    )


def bound(now: float = 0.0) -> Client:
    """A client that got its lease of 800 seconds."""
    one = client()
    asked = said(one.connected(now))
    wants = said(one.heard(reply(asked, OFFER), now))
    acts = one.heard(reply(wants, ACK), now)
    while acts:
        acts = one.woken(one.wake_at)
    return one


def test_an_offer_is_asked_for_by_its_server() -> None:
    one = client()
    asked = said(one.connected(0.0))
    assert asked.kind == DISCOVER
    wants = said(one.heard(reply(asked, OFFER), 0.1))
    assert wants.kind == REQUEST
    assert wants.xid == asked.xid  # RFC 2131 §4.4.1
    assert wants.options[SERVER_ID] == SERVER.packed
    assert wants.options[REQUESTED_ADDRESS] == GIVEN.ip.packed
    assert wants.ciaddr == 0


def test_an_address_is_ours_once_nobody_else_said_that_they_have_it() -> None:
    one = client()
    wants = said(one.heard(reply(said(one.connected(0.0)), OFFER), 0.0))
    assert one.heard(reply(wants, ACK), 0.0) == (Ask(GIVEN.ip),)
    assert one.lease is None
    assert one.woken(one.wake_at) == (Ask(GIVEN.ip),)
    assert one.woken(one.wake_at) == ()
    assert one.lease is not None
    assert one.lease.address == GIVEN
    assert one.phase is Phase.BOUND


def test_an_address_of_somebody_else_is_declined() -> None:
    one = client()
    wants = said(one.heard(reply(said(one.connected(0.0)), OFFER), 0.0))
    one.heard(reply(wants, ACK), 0.0)
    told = said(one.taken_by_other(0.2))
    assert told.kind == DECLINE
    assert told.options[REQUESTED_ADDRESS] == GIVEN.ip.packed
    assert told.options[SERVER_ID] == SERVER.packed
    assert one.lease is None
    assert one.wake_at == 10.2  # RFC 2131 §3.1.5
    assert said(one.woken(10.2)).kind == DISCOVER
    assert "another device uses 203.0.113.5" in one.refused


def test_at_half_the_lease_its_own_server_is_asked() -> None:
    one = bound()
    assert one.wake_at == one.taken_at + 400
    (act,) = one.woken(one.wake_at)
    assert isinstance(act, Say)
    assert (act.source, act.server) == (GIVEN.ip, SERVER)
    asked = decode(act.payload)
    assert asked.ciaddr == int(GIVEN.ip)
    assert not {SERVER_ID, REQUESTED_ADDRESS} & asked.options.keys()  # §4.3.6, table 4


def test_a_renewal_begins_the_lease_anew() -> None:
    one = bound()
    asked = said(one.woken(one.wake_at))
    assert one.heard(reply(asked, ACK), 450.0) == ()
    assert (one.phase, one.taken_at, one.ends_at) == (Phase.BOUND, 450.0, 1250.0)


def test_after_seven_eighths_everybody_is_asked() -> None:
    one = bound()
    while one.wake_at < one.taken_at + 700:
        one.woken(one.wake_at)
    (act,) = one.woken(one.wake_at)
    assert isinstance(act, Say)
    assert (one.phase, act.source, act.server) == (Phase.REBINDING, GIVEN.ip, None)
    assert one.heard(reply(decode(act.payload), ACK, server=OTHER), 710.0) == ()
    assert one.lease is not None
    assert one.lease.server == OTHER


def test_renewing_asks_only_a_few_times() -> None:
    one, times = bound(), 0
    while one.wake_at < one.ends_at:
        times += bool(one.woken(one.wake_at))
    assert 4 <= times <= 12


def test_a_lease_that_nobody_extends_ends_on_time() -> None:
    one = bound()
    ends = one.ends_at
    while one.wake_at < ends:
        one.woken(one.wake_at)
        assert one.lease is not None
    assert said(one.woken(ends)).kind == DISCOVER
    assert one.lease is None


def test_a_nak_takes_the_lease_away_at_once() -> None:
    one = bound()
    asked = said(one.woken(one.wake_at))
    assert said(one.heard(reply(asked, NAK), 401.0)).kind == DISCOVER
    assert one.lease is None


def test_a_server_that_offers_what_it_denies_is_asked_more_and_more_seldom() -> None:
    one, now, pauses = client(), 0.0, []
    asked = said(one.connected(now))
    for _ in range(4):
        wants = said(one.heard(reply(asked, OFFER), now))
        acts = one.heard(reply(wants, NAK), now)
        pauses.append(0.0 if acts else one.wake_at - now)
        now = max(now, one.wake_at) if not acts else now
        asked = said(acts or one.woken(now))
    assert pauses == [0.0, 4.0, 8.0, 16.0]


def test_a_plugged_cable_asks_whether_the_lease_still_holds() -> None:
    one = bound()
    one.cut(100.0)
    asked = said(one.connected(110.0))
    assert (asked.kind, asked.ciaddr) == (REQUEST, 0)  # INIT-REBOOT, §4.3.2
    assert asked.options[REQUESTED_ADDRESS] == GIVEN.ip.packed
    assert SERVER_ID not in asked.options
    one.heard(reply(asked, ACK), 110.1)
    assert (one.phase, one.taken_at) == (Phase.BOUND, 110.1)


def test_a_lease_stays_when_nobody_confirms_it() -> None:
    one = bound()
    one.cut(100.0)
    one.connected(110.0)
    while one.phase is Phase.REBOOTING:
        one.woken(one.wake_at)
    assert one.phase is Phase.SELECTING  # another network's server may be silent about it
    assert one.lease is not None


def test_a_lease_ends_without_a_cable_too() -> None:
    one = bound()
    one.cut(100.0)
    assert one.wake_at == one.ends_at
    assert one.woken(one.wake_at) == ()
    assert one.lease is None
    assert one.wake_at == inf


def test_a_lease_from_before_is_asked_for_first() -> None:
    lease = bound().lease
    assert lease is not None
    one = client((lease, -100.0))
    assert said(one.connected(0.0)).options[REQUESTED_ADDRESS] == GIVEN.ip.packed
    assert one.ends_at == 700.0


def test_a_lease_that_ended_meanwhile_is_not_asked_for() -> None:
    lease = bound().lease
    assert lease is not None
    one = client((lease, -900.0))
    assert said(one.connected(0.0)).kind == DISCOVER
    assert one.lease is None


def test_two_servers_offer_but_only_the_first_gives() -> None:
    one = client()
    asked = said(one.connected(0.0))
    wants = said(one.heard(reply(asked, OFFER), 0.0))
    assert one.heard(reply(asked, OFFER, server=OTHER), 0.0) == ()
    assert one.heard(reply(wants, ACK, server=OTHER), 0.0) == ()
    assert one.heard(reply(wants, NAK, server=OTHER), 0.0) == ()
    assert one.phase is Phase.REQUESTING


def test_a_bad_offer_leaves_room_for_a_good_one() -> None:
    one = client()
    asked = said(one.connected(0.0))
    clash = IPv4Interface("10.77.0.20/24")
    assert one.heard(reply(asked, OFFER, address=clash, gateway="10.77.0.1"), 0.0) == ()
    assert "10.77.0.0/24" in one.refused
    assert said(one.heard(reply(asked, OFFER, server=OTHER), 0.1)).kind == REQUEST
    assert one.refused == ""


def test_an_ack_that_became_worse_than_its_offer_is_refused() -> None:
    one = client()
    wants = said(one.heard(reply(said(one.connected(0.0)), OFFER), 0.0))
    assert one.heard(reply(wants, ACK, gateway="198.51.100.1"), 0.0) == ()
    assert one.lease is None
    assert "198.51.100.1" in one.refused
    assert one.phase is Phase.RESTING


def test_another_clients_answer_is_nothing() -> None:
    one = client()
    asked = said(one.connected(0.0))
    foreign = reply(asked, OFFER)
    foreign.chaddr = bytes(6)
    assert one.heard(foreign, 0.0) == ()
    late = reply(asked, OFFER)
    late.xid += 1
    assert one.heard(late, 0.0) == ()


def test_discovers_become_seldom() -> None:
    one = client()
    one.connected(0.0)
    times = [one.wake_at]
    while times[-1] < 120:
        one.woken(one.wake_at)
        times.append(one.wake_at)
    assert times == [2.0, 6.0, 14.0, 30.0, 62.0, 94.0, 126.0]


def test_a_lease_for_ever_is_never_renewed() -> None:
    one = client()
    wants = said(one.heard(reply(said(one.connected(0.0)), OFFER), 0.0))
    acts = one.heard(reply(wants, ACK, seconds=FOREVER), 0.0)
    while acts:
        acts = one.woken(one.wake_at)
    assert (one.wake_at, one.ends_at) == (inf, inf)


def test_a_changed_way_gives_the_lease_back() -> None:
    one = bound()
    (act,) = one.released(50.0)
    assert isinstance(act, Say)
    told = decode(act.payload)
    assert (told.kind, told.ciaddr, act.server) == (RELEASE, int(GIVEN.ip), SERVER)
    assert one.lease is None


def test_the_owner_may_have_it_renewed_now() -> None:
    one = bound()
    assert said(one.again(10.0)).ciaddr == int(GIVEN.ip)
    assert one.phase is Phase.RENEWING


SAID = st.dictionaries(
    st.sampled_from((SUBNET_MASK, ROUTER, LEASE_SECONDS, SERVER_ID, 58, 59, 121, 26)),
    st.binary(max_size=9) | st.sampled_from((SERVER.packed, b"\0\0\3\x20", b"\xff\xff\xff\0")),
)
HAPPENS = st.tuples(
    st.sampled_from((OFFER, ACK, NAK, None)),
    SAID,
    st.integers(0, 2**32 - 1) | st.just(int(GIVEN.ip)),
    st.floats(0, 10_000),
)


@given(st.lists(HAPPENS, max_size=12))
def test_whatever_servers_say_the_lease_is_one_that_works(
    happens: list[tuple[int | None, dict[int, bytes], int, float]],
) -> None:
    one, now = client(), 0.0
    last = said(one.connected(now))
    for kind, options, address, passed in happens:
        now += passed
        if kind is None:
            acts = one.woken(now)
        else:
            told = [(MESSAGE_TYPE, bytes((kind,))), *options.items()]
            made = encode(
                op=REPLY_OP, xid=last.xid, chaddr=last.chaddr, yiaddr=address, options=told
            )
            acts = one.heard(decode(made), now)
        last = next((decode(act.payload) for act in acts if isinstance(act, Say)), last)
        assert one.lease is None or refusal(one.lease, LANS) == ""
        assert one.wake_at < inf
