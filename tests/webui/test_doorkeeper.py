from webui.doorkeeper import Doorkeeper


def full(*, per_address: int = 3, together: int = 5) -> Doorkeeper:
    """Three from one address, two from another, in the order of their keys."""
    keeper = Doorkeeper(per_address=per_address, together=together)
    for key, address in enumerate(("a", "a", "a", "b", "b"), start=1):
        assert keeper.enters(key, address, float(key)) is None
    return keeper


def test_an_address_makes_room_for_itself() -> None:
    assert full().enters(9, "a", 9.0) == 1


def test_when_all_is_full_the_longest_idle_goes() -> None:
    keeper = full()
    keeper.waits(1, 8.0)
    assert keeper.enters(9, "c", 9.0) == 2


def test_who_is_at_work_is_left_alone() -> None:
    keeper = full()
    keeper.works(1)
    assert keeper.enters(9, "a", 9.0) == 2


def test_where_all_are_at_work_the_newcomer_goes() -> None:
    keeper = full()
    for key in (1, 2, 3):
        keeper.works(key)
    assert keeper.enters(9, "a", 9.0) == 9
    keeper.leaves(1)
    assert keeper.enters(10, "a", 9.0) is None


def test_who_was_answered_is_idle_again() -> None:
    keeper = full()
    for key in (1, 2, 3):
        keeper.works(key)
    keeper.waits(2, 8.0)
    assert keeper.enters(9, "a", 9.0) == 2


def test_who_left_holds_no_place() -> None:
    keeper = full()
    keeper.leaves(1)
    assert keeper.enters(9, "a", 9.0) is None
