"""Every route against its own description."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from appliance.actions import access
from appliance.actions.desk import Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from tests.webui.conftest import Admin, installed_in, serving
from webui.api.changes import EXAMPLE
from webui.app import admin_app

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    state: Path = tmp_path_factory.mktemp("state")
    opened = open_desk(state, Passwords(memory_kib=64, rounds=1))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A running admin, as whoever holds the box's own key asks it."""
    state = tmp_path_factory.mktemp("asked")
    with serving(state) as port, Admin(f"http://127.0.0.1:{port}", state).local() as client:
        yield client


@pytest.fixture(scope="module")
def schema(desk: Desk) -> schemathesis.BaseSchema:
    app: FastAPI = admin_app(desk, installed_in(desk.reads.state))
    access.claim_code(desk)
    described = schemathesis.openapi.from_dict(app.openapi())
    described.app = app
    return described.exclude(path="/api/v1/events")


def test_whatever_is_sent_the_answer_was_described(
    schema: schemathesis.BaseSchema, desk: Desk
) -> None:
    token = access.local_token(desk)
    asked = 0
    for described in schema.get_all_operations():
        operation = described.ok()

        @settings(
            max_examples=5,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            asked += 1
            bearer = {"Authorization": f"Bearer {token}"}
            case.call_and_validate(checks=list(CHECKS), headers=bearer)

        answered()
    assert asked > 150


WHOLE: dict[str, Any] = {
    **EXAMPLE,
    "schema": 2,
    "wan": None,
    "dns": {"upstreams": []},
    "hostname": "nixie",
}


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value below `value`.

    >>> places({"a": [1]})
    [('a',), ('a', 0)]
    """
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for name, below in pairs:
        found.append((*here, name))
        if isinstance(below, dict | list):
            found += places(below, (*here, name))
    return found


def changed(place: tuple[Any, ...], value: object) -> dict[str, Any]:
    """WHOLE with another value in one place."""
    made: Any = deepcopy(WHOLE)
    *way, last = place
    inner = made
    for step in way:
        inner = inner[step]
    inner[last] = value
    return dict(made)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=60, database=None)
@given(place=st.sampled_from(places(WHOLE)), value=JSON)
@example(place=("schema",), value=0)
@example(place=("schema",), value="x")
@example(place=("schema",), value=None)
@example(place=("schema",), value=[1])
def test_a_configuration_with_anything_anywhere_is_answered(
    asked: httpx.Client, place: tuple[Any, ...], value: object
) -> None:
    answer = asked.post("/api/v1/config/review", json=changed(place, value))
    assert answer.status_code in {200, 422}, answer.text
    for problem in answer.json().get("problems", ()):
        assert problem["what"].endswith("."), problem


def test_a_configuration_of_no_layout_is_not_proposed(asked: httpx.Client) -> None:
    answer = asked.post("/api/v1/config", json={**EXAMPLE, "schema": [1]})
    assert answer.status_code == 422
    assert answer.json()["problems"] == [
        {"where": ["schema"], "what": "[1] is no layout. Write 2, or leave schema out."}
    ]
