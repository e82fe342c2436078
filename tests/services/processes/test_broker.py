import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from services.processes.broker import Request, permit, read, refusal

CALLERS = {61105: frozenset({"build"}), 61106: frozenset({"web"})}
KNOWN = frozenset({"look"})


def test_a_request_is_a_verb_with_arguments() -> None:
    assert read(b'{"verb": "look", "args": {"host": "a"}}\n') == Request("look", {"host": "a"})


def test_a_request_may_have_no_arguments() -> None:
    assert read(b'{"verb": "look"}') == Request("look", {})


@given(st.binary())
def test_any_line_is_a_request_or_refused(line: bytes) -> None:
    with suppress(Refused):
        assert isinstance(read(line), Request)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda one: st.lists(one)
                    | st.dictionaries(st.sampled_from(["verb", "args"]), one)))  # fmt: skip
def test_any_json_is_a_request_or_refused(value: object) -> None:
    with suppress(Refused):
        assert isinstance(read(json.dumps(value).encode()), Request)


def test_the_build_role_may_look() -> None:
    permit("look", 61105, CALLERS, KNOWN)


def test_root_may_look() -> None:
    permit("look", 0, CALLERS, KNOWN)


def test_another_role_may_not() -> None:
    with pytest.raises(Refused, match="The role web may not ask for look"):
        permit("look", 61106, CALLERS, KNOWN)


def test_a_stranger_is_not_told_the_verbs() -> None:
    with pytest.raises(Refused) as why:
        permit("look", 1000, CALLERS, KNOWN)
    assert "look" not in str(why.value)


def test_a_verb_in_the_table_is_for_the_roles_named_there() -> None:
    permit("look", 61106, CALLERS, KNOWN, {"look": frozenset({"web"})})
    with pytest.raises(Refused):
        permit("look", 61105, CALLERS, KNOWN, {"look": frozenset({"web"})})


def test_a_verb_is_for_nobody_when_the_table_does_not_say() -> None:
    with pytest.raises(Refused):
        permit("look", 61105, CALLERS, KNOWN, {})


def test_one_user_with_all_roles_may_what_any_of_them_may() -> None:
    permit("look", 1000, {1000: frozenset({"web", "build"})}, KNOWN)


def test_a_refusal_is_the_last_answer() -> None:
    assert json.loads(refusal(ValueError("No."))) == {
        "exit": 126,
        "reason": "refused",
        "what": "No.",
        "memory": 0,
    }
