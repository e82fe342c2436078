from appliance.actions.desk import Desk
from appliance.actions.fitting import doubt_said, host_fit
from appliance.model.fit import INSIDE, Fit
from appliance.model.images import Finding

LARGE = Finding("warn", "It is large.")


def test_an_image_that_fits_has_nothing_said_of_it() -> None:
    assert doubt_said(INSIDE) == ""
    assert doubt_said(None) == ""


def test_only_the_first_doubt_is_said() -> None:
    found = Fit(False, "", (LARGE, Finding("warn", "It is slow.")))
    assert doubt_said(found) == " But: It is large."


def test_a_host_without_image_is_not_judged(desk: Desk) -> None:
    assert host_fit(desk.reads, "m1", ["52:54:00:12:34:56"], "s1/ember", None) is None
