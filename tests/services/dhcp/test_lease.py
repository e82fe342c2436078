from services.dhcp.lease import BOUND, DECLINED, NEVER, OFFERED, RELEASED, STATES, Lease


def test_a_new_lease_is_an_offer_that_nobody_took() -> None:
    lease = Lease(1, b"\x02aaaaa", b"h")
    assert (lease.state, lease.given_at, lease.regular) == (OFFERED, NEVER, False)


def test_a_state_is_stored_under_its_name() -> None:
    names = [STATES[state] for state in (OFFERED, BOUND, RELEASED, DECLINED)]
    assert names == ["offered", "bound", "released", "declined"]
