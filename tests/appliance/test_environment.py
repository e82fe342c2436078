from pathlib import Path

import pytest

from appliance.environment import home, look_seconds, state
from appliance.errors import Refused


def test_without_a_word_things_are_where_set_up_puts_them() -> None:
    assert (home({}), state({})) == (Path("/opt/nixie"), Path("/var/lib/nixie"))
    assert look_seconds({}) == 300.0


def test_what_the_environment_says_counts() -> None:
    said = {"NIXIE_HOME": "/srv/home", "NIXIE_STATE": "/srv/state", "NIXIE_LOOK_SECONDS": "20"}
    assert (home(said), state(said)) == (Path("/srv/home"), Path("/srv/state"))
    assert look_seconds(said) == 20.0


@pytest.mark.parametrize("text", ["", "0", "3601", "-5", "1.5", "٣"])
def test_a_time_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Give whole seconds from 1 to 3600"):
        look_seconds({"NIXIE_LOOK_SECONDS": text})
