import doctest

from webui import forms


def test_the_examples_are_true() -> None:
    found = doctest.testmod(forms)
    assert found.attempted > 0
    assert found.failed == 0
