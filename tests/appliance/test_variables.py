import inspect

import pytest
from typer.testing import CliRunner

from appliance import assemble
from appliance.cli.app import app
from appliance.errors import Refused
from appliance.variables import VARIABLES, Variable

SECONDS = Variable("NIXIE_X", "300", "What it does.")


def test_what_is_not_set_is_as_usual() -> None:
    assert SECONDS.number({}, 1, 3_600) == 300
    assert SECONDS.text({}) == "300"


def test_an_empty_number_is_as_usual() -> None:
    assert SECONDS.number({"NIXIE_X": ""}, 1, 3_600) == 300


def test_an_empty_text_is_empty() -> None:
    assert SECONDS.text({"NIXIE_X": ""}) == ""


def test_a_number_that_is_usually_worked_out_is_none() -> None:
    assert Variable("NIXIE_X", "", "").number({}, 1, 64) is None


@pytest.mark.parametrize("told", ["0", "3601", "-1", "1.5", "five", "٣", " 7"])
def test_what_is_no_number_of_these_is_refused(told: str) -> None:
    with pytest.raises(Refused) as refused:
        SECONDS.number({"NIXIE_X": told}, 1, 3_600)
    assert str(refused.value).endswith("Give a whole number from 1 to 3600, or leave it out.")


def test_every_variable_that_is_read_is_in_the_table() -> None:
    assert "NIXIE_" not in inspect.getsource(assemble)


def test_help_prints_the_whole_table() -> None:
    told = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "400"}).stdout
    assert [one.name for one in VARIABLES if f"{one.name}: {one.what}" not in told] == []
