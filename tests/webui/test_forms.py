import doctest
from dataclasses import dataclass
from io import BytesIO

import pytest
from starlette.datastructures import FormData, UploadFile

from appliance.errors import Refused
from webui import forms


def test_the_examples_are_true() -> None:
    found = doctest.testmod(forms)
    assert found.attempted > 0
    assert found.failed == 0


@dataclass(frozen=True, slots=True)
class Typed:
    name: str
    days: tuple[str, ...] = ()


def test_a_file_is_no_text() -> None:
    sent = FormData([("name", UploadFile(BytesIO(b"x"), filename="x"))])
    with pytest.raises(Refused, match="Send text here, not a file"):
        forms.read_as(Typed, sent)


def test_of_two_texts_for_one_field_the_last_counts() -> None:
    assert forms.read_as(Typed, FormData([("name", "a"), ("name", "b")])) == Typed("b")
