"""The doctests of the wording and of the geometry."""

import doctest
from types import ModuleType

import pytest

from webui import charts, logs, phrases
from webui.pages import builds, choices, frame, inbox, login, page, sources

TOLD = (phrases, charts, logs, builds, choices, frame, inbox, login, page, sources)


@pytest.mark.parametrize("module", TOLD, ids=lambda module: module.__name__)
def test_the_examples_are_true(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_no_unit_stands_alone_on_a_line() -> None:
    said = (phrases.took(3.2), phrases.size(2048), phrases.duration(277), phrases.ago(1_080))
    assert not any(" s" in one or " KiB" in one or " min" in one for one in said)
