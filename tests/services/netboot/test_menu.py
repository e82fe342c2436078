from appliance.model.table import Menu
from services.netboot.choice import Entry, Show, image_key
from services.netboot.menu import keys, menu
from services.netboot.script import Urls
from tests.services.netboot.ipxe import MENU_COMMANDS, OLD_COMMANDS, commands, follow
from tests.services.netboot.made import MAC, image

KEY = image_key(image().id)
SHOWN = Show(
    Menu("u1", "Workshop", ("s1/ember",), "s1/ember", 5, 2),
    (Entry(KEY, "ember, generation 2"),),
    (Entry("g-old", "ember, generation 1, good"),),
    KEY,
    ("anvil has no image yet: building.",),
)
URLS = Urls("http://10.77.0.1", MAC, "T" * 24)
TEXT = menu(URLS, SHOWN)


def test_the_default_is_taken_after_the_time_out() -> None:
    assert f"choose --default {KEY} --timeout 5000 picked || goto left" in TEXT
    assert follow(TEXT)[-1] == (
        f"chain --autofree --replace http://10.77.0.1/b/{'T' * 24}/pick/{KEY}"
    )


def test_no_time_out_means_waiting_for_a_person() -> None:
    shown = Show(Menu("u1", "W", (), None, 0, 0), (), (), "local", ())
    assert "--timeout" not in menu(URLS, shown)


def test_disk_shell_and_asking_again_are_always_offered() -> None:
    items = [line.split()[1] for line in TEXT.splitlines() if line.startswith("item ")]
    assert items[-3:] == ["local", "shell", "menu"]


def test_hosts_stand_before_earlier_images() -> None:
    items = [line.split()[1] for line in TEXT.splitlines() if line.startswith("item ")]
    assert items.index(KEY) < items.index("g-old")


def test_a_host_without_image_is_a_line_nobody_can_pick() -> None:
    assert "item --gap -- anvil has no image yet: building." in TEXT
    assert keys(SHOWN) == {KEY, "g-old"}


def test_a_build_without_menus_takes_the_default_at_once() -> None:
    done = follow(TEXT, lambda line: line.split()[0] in MENU_COMMANDS)
    assert done[-1].endswith(f"/pick/{KEY}")


def test_a_pick_that_cannot_be_fetched_is_reported_with_its_error() -> None:
    done = follow(TEXT, lambda line: line.startswith("chain"))
    reports = [line for line in done if line.startswith("imgfetch")]
    assert reports[0].endswith("/err?at=pick&errno=0x2d0c613b")


def test_leaving_the_menu_opens_the_shell_then_comes_back() -> None:
    done = follow(TEXT, lambda line: line.startswith("choose"))
    assert "shell" in done
    assert "/s/52-54-00-00-77-01?" in done[-1]


def test_g78b_only_commands_that_old_builds_know_are_used() -> None:
    assert {name for name, _ in commands(TEXT)} <= OLD_COMMANDS


def test_g79_a_name_cannot_become_a_command() -> None:
    nasty = Show(
        Menu("u1", "W\nreboot", (), None, 5, 0), (Entry("k", "a || shell\n${x}"),), (), "k", ()
    )
    told = menu(URLS, nasty)
    assert "reboot" not in [name for name, _ in commands(told)]
    assert "item k a shell?$ {x}" in told
