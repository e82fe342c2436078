from contextlib import closing

from appliance.store import boots, once
from appliance.store.once import OnceRow
from appliance.store.open import writer
from tests.webui.home import EMBER
from tests.webui.pages.conftest import Home

MACHINE = "anvil-machine"


def asked(home: Home, kind: str) -> str:
    """Something to boot once, as the form gives it; its id."""
    path = f"/machines/{home.ids[MACHINE]}"
    host = next(one.host for one in home.desk.reads.machines() if one.host)
    home.post(f"{path}/next", next=f"{kind}:{host}")
    (found,) = [one.once for one in home.desk.reads.machines() if one.once]
    return found.id


def came(home: Home, ident: str, kind: str, state: str) -> str:
    """The machine's page after it came that far."""
    with closing(writer(home.state / "boot.db", boots.MIGRATIONS)) as file:
        once.save(file, OnceRow(ident, kind, state, "b", home.desk.now() - 90))
    return home.get(f"/machines/{home.ids[MACHINE]}")


def test_what_is_asked_for_once_is_said_with_what_follows(lived_in: Home) -> None:
    asked(lived_in, "install")
    html = lived_in.get(f"/machines/{lived_in.ids[MACHINE]}")
    assert "once, and never a second time. After that it boots its own disk." in html
    assert "Do without it" in html
    assert ", once</span>" in html
    assert EMBER not in html


def test_what_was_installed_is_over(lived_in: Home) -> None:
    html = came(lived_in, asked(lived_in, "install"), "install", "spent")
    assert "once, and boots its own disk from now on." in html
    assert "now Local disk" in html
    assert "Install again" in html


def test_an_installation_that_was_not_heard_of_asks_the_owner(lived_in: Home) -> None:
    html = came(lived_in, asked(lived_in, "install"), "install", "unsure")
    assert "nothing is wiped twice" in html
    assert html.index("Boot its disk") < html.index("Install again")
    assert "now nothing, it asks you" in html


def test_a_rescue_goes_on_as_before(lived_in: Home) -> None:
    html = came(lived_in, asked(lived_in, "rescue"), "rescue", "spent")
    assert "once, and goes on as before." in html
    assert "now ember" in html or "now anvil" in html


def test_an_installation_is_asked_for_again(lived_in: Home) -> None:
    first = asked(lived_in, "install")
    came(lived_in, first, "install", "unsure")
    html = lived_in.post(f"/machines/{lived_in.ids[MACHINE]}/again")
    assert "Do without it" in html
    (again,) = [one.once for one in lived_in.desk.reads.machines() if one.once]
    assert again.id != first


def test_the_disk_is_booted_instead(lived_in: Home) -> None:
    came(lived_in, asked(lived_in, "install"), "install", "unsure")
    html = lived_in.post(f"/machines/{lived_in.ids[MACHINE]}/drop")
    assert 'id="once"' not in html
    assert "now Local disk" in html
