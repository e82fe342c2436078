from dataclasses import fields
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute

from webui.api.shape import shape


@shape
class Word:
    """A word."""

    name: str
    number: int = 3


def routed(router: APIRouter) -> list[APIRoute]:
    return [one for one in router.routes if isinstance(one, APIRoute)]


def test_a_shape_is_filled_by_name_and_by_place() -> None:
    made = Word("a"), Word(name="b", number=4)
    assert [(one.name, one.number) for one in made] == [("a", 3), ("b", 4)]
    assert [one.name for one in fields(Word)] == ["name", "number"]


def test_routes_that_give_the_same_share_its_validator() -> None:
    router = APIRouter()

    @router.get("/a")
    def first() -> Word:
        return Word("a")

    @router.get("/b")
    def second() -> Word:
        return Word("b")

    @router.get("/c")
    def third() -> list[Word]:
        return []

    given = [one.response_field for one in routed(router)]
    validators = [one._type_adapter for one in given if one is not None]
    assert validators[0] is validators[1]
    assert validators[0] is not validators[2]


def test_parameters_of_other_bounds_have_validators_of_their_own() -> None:
    router = APIRouter()

    @router.get("/a")
    def first(few: Annotated[int, Query(le=5)]) -> None:
        del few

    @router.get("/b")
    def second(few: Annotated[int, Query(le=6)]) -> None:
        del few

    kinds = [one.dependant.query_params[0] for one in routed(router)]
    assert kinds[0]._type_adapter is not kinds[1]._type_adapter
