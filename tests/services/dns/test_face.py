from ipaddress import IPv4Network

from services.dns.face import MOST_CLIENTS, Face

LAN = IPv4Network("10.77.0.0/16")


def face(allowance: int = 3) -> Face:
    made = Face("br-lan")
    made.belong("lan", (LAN,), allowance)
    return made


def test_a_client_of_the_network_is_known() -> None:
    assert face().knows("10.77.0.9")


def test_a_client_of_another_network_is_not() -> None:
    assert not face().knows("192.0.2.9")


def test_a_link_without_a_network_knows_nobody() -> None:
    assert not Face("br-lan").knows("10.77.0.9")


def test_a_budget_ends() -> None:
    made = face(3)
    made.knows("10.77.0.9")
    assert [made.spend("10.77.0.9") for _ in range(3)] == [True, True, False]


def test_the_next_second_has_a_budget_of_its_own() -> None:
    made = face(1)
    made.knows("10.77.0.9")
    assert not made.spend("10.77.0.9")
    made.refill(100)
    assert made.spend("10.77.0.9")
    assert made.refill_at == 101


def test_the_budgets_of_others_are_their_own() -> None:
    made = face(1)
    for client in ("10.77.0.9", "10.77.0.8"):
        made.knows(client)
    made.refill(100)
    made.spend("10.77.0.9")
    assert made.spend("10.77.0.8")


def test_no_more_clients_are_remembered_than_fit() -> None:
    made = face()
    for number in range(MOST_CLIENTS + 5):
        made.knows(str(LAN[number]))
    assert len(made.budgets) == 5


def test_what_was_answered_is_forgotten_when_something_else_is_blocked() -> None:
    made = face()
    made.answers.put(b"12question", b"12answer", (), 0.0, 9.0)
    assert made.answers.get(b"12question", 1.0)
    made.belong("lan", (LAN,), 3, filtered=False)
    assert not made.answers.get(b"12question", 1.0)
    assert not made.filtered


def test_another_network_forgets_the_clients() -> None:
    made = face()
    made.knows("10.77.0.9")
    made.belong("guest", (IPv4Network("10.78.0.0/24"),), 3)
    assert not made.knows("10.77.0.9")
