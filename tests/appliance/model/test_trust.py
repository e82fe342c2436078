from appliance.model.trust import MINE, STRANGER, TREATMENTS, treatment


def test_a_stranger_gets_nothing_of_what_differs() -> None:
    assert not any(treatment(STRANGER))
    assert all(treatment(MINE))


def test_who_is_not_known_is_a_stranger() -> None:
    assert treatment("friend") == TREATMENTS[STRANGER]
