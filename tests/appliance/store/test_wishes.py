import pytest

from appliance.store.wishes import KINDS, body


def test_a_wish_has_exactly_its_fields() -> None:
    assert body("build", "refresh", source="s") == '{"source": "s"}'
    with pytest.raises(ValueError, match="needs"):
        body("build", "refresh", host="h")


def test_a_wish_nobody_knows_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="knows no wish"):
        body("dhcp", "refresh", source="s")


def test_every_wish_names_what_it_is_about() -> None:
    assert all(fields for kinds in KINDS.values() for fields in kinds.values())
