from dataclasses import fields

from appliance.model.trust import MINE, STRANGER, TREATMENTS, treatment


def test_a_stranger_gets_nothing_of_what_differs() -> None:
    names = [one.name for one in fields(treatment(STRANGER))]
    assert not any(getattr(treatment(STRANGER), name) for name in names)
    assert all(getattr(treatment(MINE), name) for name in names)


def test_who_is_not_known_is_a_stranger() -> None:
    assert treatment("friend") == TREATMENTS[STRANGER]
