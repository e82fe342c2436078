import re

from appliance.store.reads import Reads
from tests.webui.pages.conftest import Home


def form(home: Home) -> dict[str, str]:
    """The hidden fields of the form that changes the menu."""
    html = home.get(f"/menus?edit={home.ids['menu']}").partition('id="menu"')[2]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


def changed(home: Home, seen: str, **fields: str) -> str:
    plain = {"name": "Workshop", "hosts": home.ids["anvil"], "timeout": "10", "rollbacks": "1"}
    return home.post(f"/menus/{home.ids['menu']}", **{**plain, "seen": seen, **fields})


def test_every_fault_of_a_menu_is_named_at_once(lived_in: Home) -> None:
    html = lived_in.post(
        "/menus", name="Shop", default=lived_in.ids["anvil"], timeout="99999", rollbacks="many"
    )
    assert re.findall(r'aria-describedby="([\w-]+)"', html.partition('id="menu"')[2]) == [
        "default-e",
        "timeout-e",
        "rollbacks-e",
    ]


def test_a_menu_is_made(lived_in: Home) -> None:
    html = lived_in.post(
        "/menus", name="Shop", hosts=lived_in.ids["anvil"], timeout="0", rollbacks="2"
    )
    assert "The menu Shop is made." in html


def test_a_menu_that_changed_meanwhile_is_not_overwritten(lived_in: Home) -> None:
    seen = form(lived_in)["seen"]
    assert "is changed" in changed(lived_in, seen, timeout="33")
    html = changed(lived_in, seen, name="Mine")
    assert "Somebody changed this menu meanwhile." in html
    assert "Now it is Workshop with anvil" in html
    (menu,) = Reads(lived_in.state).menus()
    assert (menu.name, menu.timeout_seconds) == ("Workshop", 33)


def test_who_has_read_that_may_overwrite_it(lived_in: Home) -> None:
    seen = form(lived_in)["seen"]
    changed(lived_in, seen, timeout="33")
    html = changed(lived_in, seen, name="Mine")
    fresh = re.search(r'name="seen" value="(\w+)"', html)
    assert fresh is not None
    assert 'value="Mine"' in html
    assert "The menu Mine is changed." in changed(lived_in, fresh[1], name="Mine")


def test_a_menu_that_is_gone_is_said_kindly(lived_in: Home) -> None:
    lived_in.post(f"/menus/{lived_in.ids['menu']}/remove")
    answer = lived_in.client.post(f"/menus/{lived_in.ids['menu']}", data={"name": "x"})
    assert answer.status_code == 404
    assert "There is no such menu. It may have been removed" in answer.text


def test_settings_that_changed_meanwhile_are_not_overwritten(lived_in: Home) -> None:
    path = f"/sources/{lived_in.ids['homelab']}/settings"
    seen = re.search(r'name="seen" value="(\w+)"', lived_in.get(path))
    assert seen is not None
    fields = {"trust": "mine", "interval": "3600", "seen": seen[1]}
    assert "is changed" in lived_in.post(path, name="lab", **fields)
    html = lived_in.post(path, name="attic", **fields)
    assert "Somebody changed these settings meanwhile." in html
    assert "lab" in {one.name for one in Reads(lived_in.state).sources()}
