import json
import sqlite3
from contextlib import closing

from tests.webui.home import ANVIL, EMBER
from tests.webui.pages.conftest import Home

SECOND = "52:54:00:00:01:02"


def test_a_machine_gets_another_network_card(lived_in: Home) -> None:
    path = f"/machines/{lived_in.ids['ember-machine']}"
    html = lived_in.post(f"{path}/macs", mac=SECOND, network="lan")
    assert f"ember also has the MAC {SECOND}." in html
    addresses = html.partition("Name and addresses")[2].partition("</ul>")[0]
    assert EMBER in addresses
    assert SECOND in addresses
    assert "on lan" in addresses


def test_a_card_of_another_machine_is_said_beside_its_field(lived_in: Home) -> None:
    html = lived_in.post(f"/machines/{lived_in.ids['anvil-machine']}/macs", mac=EMBER)
    assert f"{EMBER} belongs to ember." in html
    assert 'aria-describedby="mac-e"' in html
    assert '<details class="extra" open>' in html


def test_a_machine_on_hold_gets_back_what_it_had(lived_in: Home) -> None:
    path = f"/machines/{lived_in.ids['anvil-machine']}"
    html = lived_in.post(f"{path}/next", next="hold")
    assert "It gets anvil, as before the hold." in html
    html = lived_in.post(f"{path}/release")
    assert "anvil goes on." in html
    assert "as before the hold" not in html


def test_a_machine_that_had_nothing_before_its_hold_is_not_released(lived_in: Home) -> None:
    assert "before the hold" not in lived_in.get(f"/machines/{lived_in.ids['kiln-machine']}")


def test_a_machine_that_does_not_wait_is_not_released(home: Home) -> None:
    assert "/release" not in home.get(f"/machines/{home.ids['anvil-machine']}")


def test_a_held_boot_offers_what_the_machine_had(lived_in: Home) -> None:
    lived_in.post("/machines", mac="b4:2e:99:a7:10:5c", name="bellows")
    assert "Choose what it boots next" in lived_in.get("/boots/held-4817")


def test_a_machine_waits_for_the_newest_as_long_as_its_owner_says(home: Home) -> None:
    path = f"/machines/{home.ids['anvil-machine']}"
    html = home.post(f"{path}/newest", waits="600")
    assert "anvil waits for the newest image, for 10 min at most." in html
    assert '<option value="600" selected>' in html


def told_of_itself(home: Home, **facts: object) -> str:
    """Let anvil's newest boot have told this; returns anvil's page."""
    with closing(sqlite3.connect(home.state / "boot.db")) as file:
        newest = "SELECT id, facts FROM boot WHERE mac = ? ORDER BY began_at DESC LIMIT 1"
        ident, before = file.execute(newest, (ANVIL,)).fetchone()
        now = json.dumps(json.loads(before) | facts)
        file.execute("UPDATE boot SET facts = ? WHERE id = ?", (now, ident))
        file.commit()
    return home.get(f"/machines/{home.ids['anvil-machine']}")


def test_a_machine_that_told_nothing_is_not_doubted(home: Home) -> None:
    html = home.get(f"/machines/{home.ids['anvil-machine']}")
    assert 'class="finding"' not in html


def test_what_does_not_fit_a_machine_stands_on_its_page_with_the_line(lived_in: Home) -> None:
    html = told_of_itself(lived_in, plat="efi", memory=4096)
    assert "UEFI with 4096 MB of memory loads up to 1.0 GiB for sure" in html
    assert "boot.initrd.systemd.enable = true;" in html
    assert 'id="form"' in html


def test_what_does_not_fit_is_said_when_it_is_assigned(lived_in: Home) -> None:
    told_of_itself(lived_in, plat="pcbios", memory=512)
    machine = lived_in.ids["anvil-machine"]
    html = lived_in.post(f"/machines/{machine}/next", next=f"run:{lived_in.ids['anvil']}")
    assert "anvil boots anvil next time. But: The image needs about" in html
    told = lived_in.client.get(f"/api/v1/machines/{machine}").json()["doubts"]
    assert [one["missing"] for one in told] == ["boot.initrd.systemd.enable = true;"]
