import re

from tests.webui.home import PI, STRANGER
from tests.webui.pages.conftest import Home


def offered(html: str, mac: str) -> list[str]:
    """The hosts offered to a machine that waits."""
    select = re.search(rf'id="wait-{mac.replace(":", "")}".*?</select>', html, re.DOTALL)
    assert select is not None
    return re.findall(r"<option[^>]*>([^<]*)</option>", select[0])


def test_a_waiting_machine_shows_the_code_of_its_screen(home: Home) -> None:
    assert 'aria-label="Code 4 8 1 7"' in home.get("/machines")


def test_only_hosts_that_fit_the_firmware_are_offered(home: Home) -> None:
    html = home.get("/machines")
    assert offered(html, STRANGER) == ["anvil (fits)", "crucible (fits)", "ember (fits)"]
    assert offered(html, PI) == ["tongs (fits)"]


def test_a_waiting_machine_boots_what_was_chosen(lived_in: Home) -> None:
    chosen = f"run:{lived_in.ids['anvil']}"
    html = lived_in.post("/inbox/boot", mac=STRANGER, network="lan", next=chosen)
    assert STRANGER in html.partition('id="known"')[2]
    assert re.search(r'class="toast".*?<p>[^<]*anvil', html, re.DOTALL)


def test_a_machine_that_was_given_something_no_longer_waits(lived_in: Home) -> None:
    chosen = f"run:{lived_in.ids['anvil']}"
    html = lived_in.post("/inbox/boot", mac=STRANGER, network="lan", next=chosen)
    assert "One machine is waiting" in html
    assert "Code 4 8 1 7" not in html


def test_a_known_machine_on_hold_waits_under_its_name(lived_in: Home) -> None:
    lived_in.post("/machines", mac=STRANGER, name="bellows")
    assert "<h3>bellows</h3>" in lived_in.get("/machines")


def test_a_choice_can_be_undone_in_its_toast(lived_in: Home) -> None:
    machine = lived_in.ids["anvil-machine"]
    html = lived_in.post(f"/machines/{machine}/next", next="deny", back="/machines")
    undo = re.search(r'action="(/undo/[^"]+)"', html)
    assert undo is not None
    lived_in.post(undo[1], back="/machines")
    assert 'aria-label="Next boot of anvil: anvil"' in lived_in.get("/machines")


def test_a_specialisation_is_a_choice_of_its_own(lived_in: Home) -> None:
    machine = lived_in.ids["anvil-machine"]
    chosen = f"run:{lived_in.ids['ember']}:kiosk"
    lived_in.post(f"/machines/{machine}/next", next=chosen)
    assert f'value="{chosen}" selected' in lived_in.get(f"/machines/{machine}")


def test_a_mac_that_is_none_is_said_beside_its_field(lived_in: Home) -> None:
    html = lived_in.post("/machines", mac="nonsense", name="anvil2")
    assert 'value="nonsense" aria-invalid="true"' in html
    assert 'id="mac-e"' in html
    assert 'value="anvil2"' in html


def test_a_refused_choice_is_said_beside_it(lived_in: Home) -> None:
    machine = lived_in.ids["ember-machine"]
    html = lived_in.post(f"/machines/{machine}/next", next="run:gone/host", back="/machines")
    assert 'aria-describedby="next-hint next-e"' in html


def test_a_refused_choice_of_a_waiting_machine_is_said_in_its_row(lived_in: Home) -> None:
    html = lived_in.post("/inbox/boot", mac=STRANGER, network="lan", next="run:gone/host")
    assert f'id="wait-{STRANGER.replace(":", "")}-e"' in html


def test_a_removed_machine_comes_back_by_undo(lived_in: Home) -> None:
    machine = lived_in.ids["ember-machine"]
    html = lived_in.post(f"/machines/{machine}/remove")
    undo = re.search(r'action="(/undo/[^"]+)"', html)
    assert undo is not None
    assert f"/machines/{machine}#" not in lived_in.get("/machines")
    lived_in.post(undo[1], back="/machines")
    assert f"/machines/{machine}#" in lived_in.get("/machines")


def test_a_name_that_is_taken_is_said_beside_it(lived_in: Home) -> None:
    html = lived_in.post(f"/machines/{lived_in.ids['ember-machine']}/name", name="anvil")
    assert 'value="anvil" aria-invalid="true"' in html


def test_a_filter_keeps_what_it_names(home: Home) -> None:
    rows = home.get("/machines?show=short").partition('id="known"')[2]
    assert home.ids["ember-machine"] in rows
    assert home.ids["anvil-machine"] not in rows


def test_a_network_can_give_its_menu_to_strangers(lived_in: Home) -> None:
    menu = f"menu:{lived_in.ids['menu']}"
    html = lived_in.post("/networks/lan/unknown", gets=menu, back="/machines")
    assert f'value="{menu}" selected' in html


def test_undo_never_leads_to_another_site(lived_in: Home) -> None:
    machine = lived_in.ids["anvil-machine"]
    html = lived_in.post(f"/machines/{machine}/next", next="hold")
    undo = re.search(r'action="(/undo/[^"]+)"', html)
    assert undo is not None
    answer = lived_in.client.post(undo[1], data={"back": "//evil.example"}, follow_redirects=False)
    assert answer.headers["location"].startswith("/?done=")
