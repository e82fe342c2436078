from appliance.actions import draft
from appliance.model.exchange import exported
from tests.appliance.model.test_closed_nixie import OLDER, TODAY
from tests.webui.home import CONFIG
from tests.webui.pages.conftest import Home


def test_an_import_is_reviewed_before_it_is_applied(lived_in: Home) -> None:
    html = lived_in.post("/changes/import", text=TODAY)
    assert "The network home over enp2s0, enp3s0" in html
    assert draft.edited(lived_in.desk).networks[0].name == "home"


def test_an_export_of_what_is_in_force_differs_in_nothing(lived_in: Home) -> None:
    html = lived_in.post("/changes/import", text=exported(CONFIG))
    assert "Nothing differs from before." in html


def test_what_has_no_counterpart_is_shown_first(lived_in: Home) -> None:
    html = lived_in.post("/changes/import", text=OLDER)
    assert "menus: menus are made on the page Menus" in html
    assert "torgue" in html  # what was typed is still there
    assert draft.current(lived_in.desk) is None
    html = lived_in.post("/changes/import", text=OLDER, leave_out="yes")
    assert "192.168.1.1/24" in html


def test_what_cannot_be_read_is_said_beside_the_text(home: Home) -> None:
    html = home.post("/changes/import", text="{ a = pkgs.b; }")
    assert 'id="text-e"' in html
    assert "pkgs is no plain value" in html


def test_what_does_not_fit_is_said_with_its_place(home: Home) -> None:
    html = home.post("/changes/import", text='{"networks": [], "domain": "local"}')
    assert "domain: local cannot be the domain of this network" in html
