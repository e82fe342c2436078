"""openapi.json as somebody reads it who generates a client from it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.webui.conftest import Admin, installed_in
from tests.webui.home import desk_of
from tests.webui.pages.conftest import Home, furnished, home
from webui.api.description import FASTAPIS, REFUSALS, operations
from webui.api.sets import SETS
from webui.app import admin_app

__all__ = ("furnished", "home")

API = "/api/v1"
Json = dict[str, Any]
CLOSED = {
    "FilesHost.system": "system",
    "FilesHost.recipe": "recipe",
    "File.purpose": "part",
    "Sent.form": "file form",
    "Act.actor_kind": "actor",
    "Act.scope": "scope",
    "Assignment.intent": "bare intent",
    "Assignment.once": "once",
    "Running.stand": "running",
    "Woken.came": "woken",
    "Once.kind": "once",
    "Once.state": "once state",
    "Boot.state": "boot",
    "Delivery.outcome": "delivery",
    "Build.state": "build",
    "Builder.state": "builder",
    "CacheAsked.state": "cache",
    "Builder.systems": "system",
    "NewBuilder.systems": "system",
    "TrialStep.step": "trial step",
    "Caller.how": "how",
    "Channel.kind": "channel",
    "NewChannel.kind": "channel",
    "NewTrace.protocol": "protocol",
    "Internet.stand": "way",
    "Status.internet": "way",
    "Caller.scopes": "scope",
    "Change.state": "change",
    "Credential.kind": "credential",
    "Default.kind": "unknown machine",
    "Event.file": "file",
    "Event.kind": "event",
    "Finding.severity": "severity",
    "Generation.state": "generation",
    "Host.kind": "host",
    "Image.adapted": "adapted",
    "Image.recipe": "recipe",
    "Lease.stage": "stage",
    "Lease.state": "lease",
    "Machine.intent": "intent",
    "Need.kind": "need",
    "Outlook.kind": "need",
    "Identity.way": "identity way",
    "IdentityAct.act": "identity act",
    "NewDefault.kind": "unknown machine",
    "NewSource.trust": "trust",
    "NewToken.scope": "scope",
    "Numbered.state": "revision",
    "Part.purpose": "part",
    "PublicName.service": "service",
    "NewPublicName.service": "service",
    "PublicName.state": "public name",
    "Source.state": "source",
    "Source.trust": "trust",
    "SourceEdit.trust": "trust",
    "Storage.state": "storage",
    "Step.kind": "step",
    "Step.status": "step status",
    "Token.scope": "scope",
    "Wish.state": "wish",
}
"""Every field of a closed set, and which."""
SUSPECT = frozenset({"state", "kind", "scope", "status", "severity", "trust", "stage", "how"})
OPEN = {"Wish.kind"}  # each role has its own words
EVERYBODYS = {("post", f"{API}/claim")}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    desk = desk_of(tmp_path_factory.mktemp("described"))
    yield admin_app(desk, installed_in(desk.reads.state))
    desk.close()


@pytest.fixture(scope="module")
def told(app: FastAPI) -> Json:
    return app.openapi()


def properties(told: Json) -> Iterator[tuple[str, Json]]:
    """("Schema.field", its own schema) of all."""
    for name, schema in told["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            yield f"{name}.{field}", inner


def words(schema: Json) -> list[str] | None:
    """The words of an enum, of a field, of its items, or of what it is when it is not null."""
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "enum" in one:
            return list(one["enum"])
    return None


def fits(told: Json, schema: Json, value: Any) -> list[str]:
    """Why a value is not of a schema."""
    whole = {**schema, "components": told["components"]}
    return [str(error) for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(value)]


def test_every_operation_has_a_name_of_its_own(told: Json) -> None:
    names = [operation["operationId"] for _, _, operation in operations(told)]
    assert len(names) == len(set(names)) > 45
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_no_schema_is_named_after_a_module(told: Json) -> None:
    names = list(told["components"]["schemas"])
    assert not [name for name in names if "__" in name or name.startswith("Api")]
    assert not set(FASTAPIS) & set(names)


def test_no_schema_is_lost_by_its_shorter_name(app: FastAPI) -> None:
    raw = set(FastAPI.openapi(app)["components"]["schemas"]) - set(FASTAPIS)
    raw |= {"ApiProblem", "Problems"}  # of the refusals, which no route carries
    assert len(raw) == len(app.openapi()["components"]["schemas"])


def test_every_route_says_the_scope_it_needs(told: Json) -> None:
    for path, method, operation in operations(told):
        said = re.search(r"Needs the scope `(read|write|admin)`\.", operation["description"])
        if (method, path) in EVERYBODYS:
            assert said is None
            assert operation["security"] == []
        else:
            assert said is not None, (method, path)
            assert operation["security"] == [{"token": [said[1]]}]


def test_every_route_needs_exactly_the_scope_that_it_says(admin: Admin) -> None:
    with admin.local() as client:
        told = client.get(f"{API}/openapi.json").json()
        secrets = {
            scope: client.post(f"{API}/tokens", json={"name": scope, "scope": scope}).json()
            for scope in ("read", "write")
        }
    with admin.client() as nobody:
        askers = {
            scope: admin.client(authorization=f"Bearer {made['secret']}")
            for scope, made in secrets.items()
        }
        for path, method, operation in operations(told):
            if (method, path) in EVERYBODYS or path.endswith("/events"):
                continue
            (needed,) = operation["security"][0]["token"]
            assert nobody.request(method, path).status_code == 401, (method, path)
            for scope, asker in askers.items():
                enough = needed == "read" or (needed, scope) == ("write", "write")
                answer = asker.request(method, path)
                assert (answer.status_code != 403) is enough, (method, path, scope, answer.text)
        for asker in askers.values():
            asker.close()


def test_a_field_of_a_closed_set_has_its_words(told: Json) -> None:
    found = {name: words(schema) for name, schema in properties(told)}
    for name, of in CLOSED.items():
        assert found[name] == list(SETS[of]), name
    assert {name for name, known in found.items() if known} == set(CLOSED)


def test_no_field_of_a_closed_set_is_plain_text(told: Json) -> None:
    for name, schema in properties(told):
        plain = "string" in {schema.get("type"), *(x.get("type") for x in schema.get("anyOf", ()))}
        if plain and name.partition(".")[2] in SUSPECT:
            assert name in CLOSED or name in OPEN, name


def test_every_body_has_an_example_that_fits(told: Json) -> None:
    bodies = [
        (operation["operationId"], operation["requestBody"]["content"]["application/json"])
        for _, _, operation in operations(told)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(bodies) > 15
    for name, content in bodies:
        schema = content["schema"]
        named = schema.get("$ref", "").rpartition("/")[2]
        examples = told["components"]["schemas"].get(named, schema).get("examples")
        examples = examples or content.get("examples") or schema.get("examples")
        assert examples, name
        for example in examples:
            assert fits(told, schema, example) == [], name


def test_every_body_refuses_other_names(told: Json) -> None:
    for _, _, operation in operations(told):
        ref = str(operation.get("requestBody", "")).rpartition("#/components/schemas/")[2]
        named = re.match(r"\w*", ref)
        schema = told["components"]["schemas"].get(named[0] if named else "")
        if schema is not None:
            assert schema["additionalProperties"] is False, operation["operationId"]


def test_refusals_are_those_that_a_route_can_give(told: Json) -> None:
    for path, method, operation in operations(told):
        codes = {code for code in operation["responses"] if not code.startswith("2")}
        where = (method, path)
        assert codes <= set(REFUSALS), where
        assert {"421", "422", "500", "503"} <= codes, where
        assert ("401" in codes) is ((method, path) not in EVERYBODYS), where
        assert ("413" in codes) is ("requestBody" in operation), where
        if method == "get":
            admins = operation["security"][0]["token"] == ["admin"]
            assert ("403" in codes) is admins, where
            assert not codes & {"409", "429"}, where


def test_every_refusal_has_one_shape(told: Json) -> None:
    for _, _, operation in operations(told):
        for code, answer in operation["responses"].items():
            if code in REFUSALS:
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problems"}


NOTHING_THERE = frozenset({"/events", "/config", "/change", "/draft", "/images/{image}"})


def addresses(told: Json, ids: dict[str, str]) -> Iterator[tuple[str, Json]]:
    """Each route that looks, asked about something that is there."""
    known = {
        "/hosts/{source}/{name}": [f"/hosts/{ids['homelab']}/{host}" for host in ("ember", "slag")],
        "/builds/{build}": [f"/builds/b{number}" for number in range(1, 7)],
        "/builds/{build}/log": ["/builds/b1/log"],
        "/boots/{boot}": [f"/boots/{ids[name]}" for name in ("fell", "now", "tongs-boot")],
        "/machines/{machine}": ["/machines/anvil"],
        "/menus/{menu}": ["/menus/Workshop"],
        "/sources/{source}": [f"/sources/{ids['kiosk']}", f"/sources/{ids['homelab']}"],
        "/sources/{source}/revisions": [f"/sources/{ids['homelab']}/revisions"],
    }
    for path, method, operation in operations(told):
        short = path.removeprefix(API)
        if method == "get" and short not in NOTHING_THERE:
            for address in known.get(short, [short]):
                if "{" not in address:
                    yield address, operation["responses"]["200"]


def test_what_a_lived_in_router_answers_is_as_described(home: Home) -> None:
    told = home.client.get(f"{API}/openapi.json").json()
    asked = 0
    for address, answer in addresses(told, home.ids):
        found = home.client.get(API + address)
        assert found.status_code == 200, (address, found.text)
        schema = answer["content"]["application/json"]["schema"]
        assert fits(told, schema, found.json()) == [], address
        asked += 1
    assert asked > 30


def asked(client: httpx.Client | TestClient, address: str) -> list[tuple[list[str | int], str]]:
    answer = client.get(API + address)
    assert answer.status_code == 422, answer.text
    return [(one["where"], one["what"]) for one in answer.json()["problems"]]


def test_a_word_that_the_query_does_not_have_is_refused_by_name(home: Home) -> None:
    assert asked(home.client, "/boots?lmit=5") == [
        (["lmit"], "Nothing here is called lmit. There are before, limit and mac.")
    ]
    assert asked(home.client, "/machines?limit=5") == [(["limit"], "Nothing here is called limit.")]
