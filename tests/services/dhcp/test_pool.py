from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.dhcp.lease import BOUND, DECLINED, Lease
from services.dhcp.pool import (
    CHAIN_SECONDS,
    OFFER_SECONDS,
    QUARANTINE_SECONDS,
    REGULAR_SECONDS,
    Pool,
)

A, B, C = b"\x02aaaaa", b"\x02bbbbb", b"\x02ccccc"
HOUR = 3600.0


def pool(size: int = 10, **more: object) -> Pool:
    return Pool(100, 99 + size, **more)  # type: ignore[arg-type]


def bind(
    pool: Pool, mac: bytes, now: float = 0.0, client: bytes = b"", boot: bool = False
) -> Lease:
    lease = pool.choose(mac, client or b"h" + mac, 0, now, boot=boot)
    assert lease is not None
    pool.confirm(lease, 120.0 if boot else HOUR, now, boot=boot)
    return lease


def test_addresses_are_given_from_the_first_on() -> None:
    addresses = pool()
    assert [bind(addresses, mac).address for mac in (A, B, C)] == [100, 101, 102]


def test_a_client_that_asks_again_gets_the_same_address() -> None:
    addresses = pool()
    assert bind(addresses, A).address == bind(addresses, A, now=10.0).address


def test_a_client_gets_its_ended_address_back() -> None:
    addresses = pool()
    bind(addresses, A)
    bind(addresses, B)
    assert bind(addresses, B, now=9 * HOUR).address == 101


def test_a_free_address_is_given_to_who_wants_it() -> None:
    lease = pool().choose(A, b"h" + A, 105, 0.0, boot=False)
    assert lease is not None
    assert lease.address == 105


def test_a_held_address_is_not_given_to_who_wants_it() -> None:
    addresses = pool()
    bind(addresses, A)
    lease = addresses.choose(B, b"h" + B, 100, 1.0, boot=False)
    assert lease is not None
    assert lease.address == 101


def test_every_address_of_a_pool_can_be_given() -> None:
    addresses = pool(64)
    given = {bind(addresses, n.to_bytes(6, "big")).address for n in range(64)}
    assert given == set(range(100, 164))


def test_a_pool_that_is_used_up_gives_nothing() -> None:
    addresses = pool(2)
    bind(addresses, A)
    bind(addresses, B)
    assert addresses.choose(C, b"h" + C, 0, 1.0, boot=False) is None


def test_an_offer_nobody_took_is_free_again() -> None:
    addresses = pool(1)
    addresses.choose(A, b"h" + A, 0, 0.0, boot=False)
    assert addresses.choose(B, b"h" + B, 0, OFFER_SECONDS - 1, boot=False) is None
    assert addresses.choose(B, b"h" + B, 0, OFFER_SECONDS + 1, boot=False) is not None


def test_an_ended_lease_is_given_to_another_only_when_nothing_else_is_left() -> None:
    addresses = pool(2)
    bind(addresses, A)
    assert bind(addresses, B, now=2 * HOUR).address == 101
    assert bind(addresses, C, now=2 * HOUR).address == 100


def test_a_renewed_lease_does_not_end_at_its_first_end() -> None:
    addresses = pool(1)
    lease = bind(addresses, A)
    addresses.confirm(lease, HOUR, 0.9 * HOUR, boot=False)
    assert addresses.choose(B, b"h" + B, 0, 1.5 * HOUR, boot=False) is None


def test_a_released_address_is_free_at_once() -> None:
    addresses = pool(1)
    addresses.release(bind(addresses, A), 1.0)
    assert bind(addresses, B, now=2.0).address == 100


def test_a_declined_address_rests() -> None:
    addresses = pool(1)
    addresses.decline(bind(addresses, A), 0.0)
    assert addresses.choose(B, b"h" + B, 0, QUARANTINE_SECONDS - 1, boot=False) is None
    assert bind(addresses, B, now=QUARANTINE_SECONDS + 1).address == 100


def test_who_declined_an_address_gets_another() -> None:
    addresses = pool()
    addresses.decline(bind(addresses, A), 0.0)
    assert bind(addresses, A, now=1.0).address == 101


def test_a_reserved_address_is_given_to_nobody_else() -> None:
    addresses = pool(2, reserved={C: 100})
    assert bind(addresses, A).address == 101
    assert addresses.choose(B, b"h" + B, 100, 0.0, boot=False) is None


def test_a_reservation_may_lie_outside_the_pool() -> None:
    assert bind(pool(reserved={A: 7}), A).address == 7


def test_a_reserved_device_is_served_when_the_pool_is_used_up() -> None:
    addresses = pool(2, reserved={C: 7})
    bind(addresses, A)
    bind(addresses, B)
    assert bind(addresses, C).address == 7


def test_a_device_moves_to_its_new_reservation() -> None:
    addresses = pool()
    lease = bind(addresses, A)
    moved = pool(reserved={A: 105})
    moved.load(lease, 1.0, HOUR)
    assert moved.claim(lease.address, A, b"h" + A, 2.0, boot=False) is None
    assert bind(moved, A, now=3.0).address == 105


# ── a new slice while addresses are held ──────────────────────────────────────────────────────────


def moved(before: Pool, now: float, size: int = 10, **more: object) -> Pool:
    """The pool of a new slice with the leases of the one before."""
    after = pool(size, **more)
    for lease in before.leases.values():
        after.load(lease, now, HOUR)
    return after


def test_an_address_that_is_reserved_while_another_holds_it_stays_the_holders() -> None:
    before = pool()
    bind(before, A)
    addresses = moved(before, 1.0, reserved={B: 100})
    assert bind(addresses, B, now=2.0).address == 101
    assert addresses.claim(100, B, b"h" + B, 3.0, boot=False) is None


def test_the_holder_of_an_address_reserved_for_another_may_not_renew_it() -> None:
    before = pool()
    bind(before, A)
    addresses = moved(before, 1.0, reserved={B: 100})
    assert addresses.claim(100, A, b"h" + A, 2.0, boot=False) is None


def test_a_refused_holder_makes_room_by_asking_anew() -> None:
    before = pool()
    bind(before, A)
    addresses = moved(before, 1.0, reserved={B: 100})
    assert bind(addresses, A, now=2.0).address == 101
    assert addresses.left is not None
    assert (addresses.left.address, addresses.left.ends_at) == (100, 2.0)
    assert bind(addresses, B, now=3.0).address == 100


def test_a_reserved_device_moves_once_its_address_is_free() -> None:
    before = pool()
    bind(before, A)
    addresses = moved(before, 1.0, reserved={B: 100})
    meanwhile = bind(addresses, B, now=2.0).address
    assert addresses.claim(meanwhile, B, b"h" + B, 3.0, boot=False) is not None
    bind(addresses, A, now=4.0)
    assert addresses.claim(meanwhile, B, b"h" + B, 5.0, boot=False) is None
    assert bind(addresses, B, now=6.0).address == 100


def test_a_reserved_address_is_free_when_its_holders_lease_ends() -> None:
    before = pool()
    regular(before, A)
    addresses = moved(before, REGULAR_SECONDS + 2, reserved={B: 100})
    assert bind(addresses, B, now=3 * HOUR).address == 100


def test_an_address_outside_a_shrunk_pool_stays_its_holders() -> None:
    before = pool()
    for mac in (A, B):
        bind(before, mac)
    addresses = moved(before, 1.0, size=1)
    assert addresses.claim(101, B, b"h" + B, 2.0, boot=False) is None
    again = moved(before, 1.0, size=1, reserved={C: 101})
    assert again.choose(C, b"h" + C, 101, 3.0, boot=False) is None


def test_an_address_outside_a_shrunk_pool_is_given_to_nobody_after_its_end() -> None:
    before = pool()
    for mac in (A, B):
        bind(before, mac)
    addresses = moved(before, 1.0, size=1)
    assert bind(addresses, C, now=3 * HOUR).address == 100
    assert addresses.choose(b"\x02ddddd", b"cd", 0, 3 * HOUR, boot=False) is None


def test_a_device_that_moves_to_its_reservation_leaves_its_old_address() -> None:
    before = pool(2)
    bind(before, A)
    addresses = moved(before, 1.0, size=2, reserved={A: 7})
    assert bind(addresses, A, now=2.0).address == 7
    assert {bind(addresses, mac, now=3.0).address for mac in (B, C)} == {100, 101}


def test_a_declined_reserved_address_does_not_keep_its_owner_away() -> None:
    addresses = pool(reserved={A: 100})
    addresses.decline(bind(addresses, A), 0.0)
    offered = addresses.choose(A, b"h" + A, 0, 1.0, boot=False)
    assert offered is not None
    assert offered.address == 101
    assert addresses.claim(101, A, b"h" + A, 2.0, boot=False) is offered


def test_a_declined_reserved_address_is_its_owners_again_after_its_rest() -> None:
    addresses = pool(reserved={A: 100})
    addresses.decline(bind(addresses, A), 0.0)
    bind(addresses, A, now=1.0)
    later = QUARANTINE_SECONDS + 1
    assert addresses.claim(101, A, b"h" + A, later, boot=False) is None
    assert bind(addresses, A, now=later).address == 100


# ── how full it is ────────────────────────────────────────────────────────────────────────────────


def test_a_used_up_pool_says_how_full_it_is() -> None:
    addresses = pool(4, reserved={C: 103}, never=(102,))
    for mac in (A, B):
        bind(addresses, mac)
    assert addresses.choose(b"\x02ddddd", b"cd", 0, 1.0, boot=False) is None
    assert addresses.filling() == (2, 2)


def test_an_address_that_waits_for_its_regular_is_not_in_use() -> None:
    addresses = pool(8)
    regular(addresses, A)
    for n in range(7):
        bind(addresses, n.to_bytes(6, "big"), now=10 * HOUR)
    assert addresses.choose(B, b"h" + B, 0, 10 * HOUR, boot=False) is None
    assert addresses.filling() == (7, 8)
    assert not addresses.has_room(10 * HOUR)


def test_a_used_up_pool_has_room_when_a_lease_ends() -> None:
    addresses = pool(1)
    bind(addresses, A)
    addresses.choose(B, b"h" + B, 0, 1.0, boot=False)
    assert not addresses.has_room(HOUR - 1)
    assert addresses.has_room(HOUR + 1)


def test_the_end_of_a_reserved_devices_lease_makes_no_room() -> None:
    addresses = pool(2, reserved={C: 101})
    bind(addresses, C)
    bind(addresses, A, now=1.0)
    addresses.confirm(addresses.leases[100], 9 * HOUR, 1.0, boot=False)
    assert addresses.choose(B, b"h" + B, 0, 2.0, boot=False) is None
    assert not addresses.has_room(2 * HOUR)


def test_the_routers_own_address_is_never_given() -> None:
    assert bind(pool(never=(100, 101)), A).address == 102


def test_g10_an_operating_system_inherits_the_address_of_its_firmware() -> None:
    addresses = pool()
    bind(addresses, A, boot=True)
    assert bind(addresses, A, now=30.0, client=b"cduid").address == 100


def test_g10_initrd_and_system_of_one_boot_share_an_address() -> None:
    addresses = pool()
    bind(addresses, A, boot=True)
    bind(addresses, A, now=30.0, client=b"cinitrd")
    assert bind(addresses, A, now=60.0, client=b"csystem").address == 100


def test_another_client_id_long_after_the_boot_is_another_client() -> None:
    addresses = pool()
    bind(addresses, A, boot=True)
    bind(addresses, A, now=30.0, client=b"csystem")
    later = CHAIN_SECONDS + 60.0
    assert bind(addresses, A, now=later, client=b"ccontainer").address == 101
    assert bind(addresses, A, now=later, client=b"csystem").address == 100


def test_g10_a_reboot_finds_the_systems_address() -> None:
    addresses = pool()
    bind(addresses, A, client=b"csystem")
    assert bind(addresses, A, now=900.0, boot=True).address == 100
    assert bind(addresses, A, now=930.0, client=b"csystem").address == 100


def test_a_boot_stage_never_shortens_what_the_system_holds() -> None:
    addresses = pool()
    bind(addresses, A, client=b"csystem")
    lease = bind(addresses, A, now=10.0, boot=True)
    assert lease.ends_at == HOUR


def test_two_cards_with_one_client_id_never_share_an_address() -> None:
    addresses = pool()
    assert bind(addresses, A, client=b"cclone").address == 100
    assert bind(addresses, B, client=b"cclone").address == 101
    assert bind(addresses, A, now=5.0, client=b"cclone").address == 100
    assert bind(addresses, B, now=5.0, client=b"cclone").address == 101


def test_a_new_card_takes_over_the_ended_lease_of_its_client_id() -> None:
    addresses = pool()
    bind(addresses, A, client=b"claptop")
    assert bind(addresses, B, now=2 * HOUR, client=b"claptop").address == 100


def regular(addresses: Pool, mac: bytes) -> Lease:
    lease = bind(addresses, mac)
    addresses.confirm(lease, HOUR, REGULAR_SECONDS + 1, boot=False)
    return lease


def test_a_flood_of_strangers_leaves_a_regular_its_ended_address() -> None:
    addresses = pool(8)
    home = regular(addresses, A).address
    for n in range(200):
        addresses.choose(n.to_bytes(6, "big"), b"x%d" % n, 0, 10 * HOUR, boot=False)
    assert bind(addresses, A, now=10 * HOUR).address == home


def test_a_stranger_cannot_ask_for_a_kept_address() -> None:
    addresses = pool(8)
    home = regular(addresses, A).address
    for n in range(8):
        addresses.choose(n.to_bytes(6, "big"), b"x%d" % n, 0, 10 * HOUR, boot=False)
    assert addresses.choose(B, b"h" + B, home, 10 * HOUR, boot=False) is None


def test_a_stored_end_far_beyond_the_lease_time_is_brought_near() -> None:
    lease = Lease(100, A, b"h" + A)
    lease.state, lease.given_at, lease.ends_at = BOUND, 0.0, 1e12
    addresses = pool(1)
    addresses.load(lease, 0.0, HOUR)
    assert bind(addresses, B, now=HOUR + 1).address == 100


def test_a_declined_address_still_rests_after_a_restart() -> None:
    lease = Lease(100, A, b"h" + A)
    lease.state, lease.ends_at = DECLINED, 500.0
    addresses = pool(2)
    addresses.load(lease, 0.0, HOUR)
    assert bind(addresses, A, now=1.0).address == 101


def test_giving_back_in_circles_does_not_grow_the_queue_of_ends() -> None:
    addresses = pool(2)
    for n in range(5000):
        lease = bind(addresses, A, now=float(n))
        addresses.release(lease, float(n))
    assert len(addresses._ends) < 2000


MACS = st.sampled_from([n.to_bytes(6, "big") for n in range(12)])
CLIENTS = st.sampled_from([b"", b"c1", b"c2"])


class PoolMachine(RuleBasedStateMachine):
    """Whatever clients do, an address that was confirmed belongs to one client until it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.reserved = {(3).to_bytes(6, "big"): 104}
        self.last = 107
        self.pool = Pool(100, 107, reserved=self.reserved, never=(105,))
        self.promised: dict[int, tuple[bytes, float]] = {}

    @rule(mac=MACS, client=CLIENTS, boot=st.booleans(), wanted=st.integers(0, 120))
    def binds(self, mac: bytes, client: bytes, boot: bool, wanted: int) -> None:
        key = b"h" + mac if boot or not client else client
        lease = self.pool.choose(mac, key, wanted, self.now, boot=boot)
        if self.pool.left is not None:  # it asked anew, so it uses no address
            assert self.promised.pop(self.pool.left.address)[0] == mac
            self.pool.left = None
        if lease is None:
            return
        holder, until = self.promised.get(lease.address, (mac, 0.0))
        assert holder == mac or until <= self.now
        assert lease.address != 105
        owner = {address: one for one, address in self.reserved.items()}.get(lease.address)
        assert owner == mac or (owner is None and lease.address <= self.last)
        self.pool.confirm(lease, 60.0, self.now, boot=boot)
        self.promised[lease.address] = (mac, lease.ends_at)

    @rule(used=st.dictionaries(st.integers(98, 110), MACS, max_size=6))
    def is_seen(self, used: dict[int, bytes]) -> None:
        self.pool.seen = used

    @rule(mac=MACS, client=CLIENTS, boot=st.booleans(), wanted=st.integers(98, 110))
    def claims(self, mac: bytes, client: bytes, boot: bool, wanted: int) -> None:
        key = b"h" + mac if boot or not client else client
        lease = self.pool.claim(wanted, mac, key, self.now, boot=boot)
        if lease is None:
            return
        holder, until = self.promised.get(wanted, (mac, 0.0))
        assert lease.address == wanted
        assert holder == mac or until <= self.now
        self.pool.confirm(lease, 60.0, self.now, boot=boot)
        self.promised[wanted] = (mac, lease.ends_at)

    @precondition(lambda self: self.promised)
    @rule(data=st.data(), decline=st.booleans())
    def gives_back(self, data: st.DataObject, decline: bool) -> None:
        address = data.draw(st.sampled_from(sorted(self.promised)))
        lease = self.pool.leases.get(address)
        if lease is None or lease.state != BOUND:
            return
        if decline:
            self.pool.decline(lease, self.now)
        else:
            self.pool.release(lease, self.now)
        self.promised.pop(address)

    @rule(mac=MACS, address=st.sampled_from([100, 101, 102, 104]), last=st.integers(103, 107))
    def a_new_slice_comes(self, mac: bytes, address: int, last: int) -> None:
        before, self.reserved, self.last = self.pool, {mac: address}, last
        self.pool = Pool(100, last, reserved=self.reserved, never=(105,))
        for lease in before.leases.values():
            self.pool.load(lease, self.now, 60.0)

    @rule(seconds=st.sampled_from([1.0, 29.0, 61.0, 700.0]))
    def waits(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def every_record_is_found_under_its_address(self) -> None:
        assert all(lease.address == at for at, lease in self.pool.leases.items())

    @invariant()
    def clients_and_macs_point_to_records_that_exist(self) -> None:
        for index in (self.pool._by_client, self.pool._by_mac):
            assert all(self.pool.leases.get(one.address) is one for one in index.values())


PoolMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPool = PoolMachine.TestCase


def seen(addresses: Pool, *used: int, by: bytes = C) -> Pool:
    addresses.seen = dict.fromkeys(used, by)
    return addresses


def test_an_address_that_somebody_else_uses_is_passed_over() -> None:
    addresses = seen(pool(), 100, 102)
    assert [bind(addresses, mac).address for mac in (A, B)] == [101, 103]


def test_what_was_passed_over_is_given_when_it_is_free() -> None:
    addresses = seen(pool(size=2), 100)
    assert bind(addresses, A).address == 101
    assert bind(seen(addresses), B).address == 100


def test_when_there_is_nothing_else_what_was_seen_is_worth_little() -> None:
    addresses = seen(pool(size=2), 100, 101)
    assert [bind(addresses, mac).address for mac in (A, B)] == [100, 101]


def test_what_a_device_uses_by_itself_can_be_given_to_it() -> None:
    assert bind(seen(pool(), 100, by=A), A).address == 100


def test_who_wants_what_another_uses_gets_another_address() -> None:
    lease = seen(pool(), 105).choose(A, b"h" + A, 105, 0.0, boot=False)
    assert lease is not None
    assert lease.address == 100


def test_an_ended_address_that_another_uses_is_not_given_back() -> None:
    addresses = pool()
    assert bind(addresses, A).address == 100
    assert bind(seen(addresses, 100), A, now=9 * HOUR).address == 101


def test_a_running_lease_is_kept_whoever_else_was_seen_with_it() -> None:
    addresses = pool()
    assert bind(addresses, A).address == 100
    assert bind(seen(addresses, 100), A, now=60.0).address == 100


def test_many_that_are_used_cost_no_ended_lease() -> None:
    addresses = pool(size=3)
    for mac in (A, B, C):
        bind(addresses, mac)
    other = b"\x02dddddd"[:6]
    assert bind(seen(addresses, 100, 101, 102, by=b"\x02eeeee"), other, now=9 * HOUR).address == 100
    assert len(addresses.leases) == 3
