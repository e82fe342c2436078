"""Every route against its own description."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
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
from tests.webui.conftest import installed_in
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
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            bearer = {"Authorization": f"Bearer {token}"}
            case.call_and_validate(checks=list(CHECKS), headers=bearer)

        answered()
    assert asked > 150
