from services.dns.ports import LINGER_SECONDS, PORTS, USES, Ports


def opened() -> Ports:
    ports = Ports()
    assert list(ports.missing()) == list(range(PORTS))
    return ports


def test_at_first_every_port_is_missing() -> None:
    assert list(opened().missing()) == []


def test_chance_picks_among_all_of_them() -> None:
    ports = opened()
    assert {ports.pick(chance, now=chance) for chance in range(1000)} == set(range(PORTS))


def test_questions_of_one_moment_leave_from_one_port() -> None:
    ports = opened()
    assert {ports.pick(chance, 7.5) for chance in range(PORTS)} == {0}


def test_a_port_left_in_the_middle_of_a_moment_is_picked_no_more() -> None:
    ports = opened()
    picked = [ports.pick(chance, 7.5) for chance in range(USES + 1)]
    assert picked[-1] != picked[0]


def test_a_port_used_often_is_left_for_a_new_one() -> None:
    ports = opened()
    for _ in range(USES):
        ports.pick(0, 0)
    assert list(ports.missing()) == [PORTS]


def test_a_port_that_was_left_listens_on_for_a_while() -> None:
    ports = opened()
    for _ in range(USES):
        ports.pick(0, 10)
    assert ports.worn(10 + LINGER_SECONDS - 0.1) == []
    assert ports.worn(10 + LINGER_SECONDS) == [0]


def test_a_port_is_closed_once() -> None:
    ports = opened()
    ports.leave(0)
    assert len(ports.worn(LINGER_SECONDS)) == PORTS
    assert ports.worn(LINGER_SECONDS) == []


def test_leaving_every_port_opens_as_many_new_ones() -> None:
    ports = opened()
    ports.leave(0)
    assert list(ports.missing()) == list(range(PORTS, 2 * PORTS))


def test_closing_names_those_that_were_left_too() -> None:
    ports = opened()
    ports.leave(0)
    ports.missing()
    assert sorted(ports.close()) == list(range(2 * PORTS))
