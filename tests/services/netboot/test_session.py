from dataclasses import replace

import pytest

from appliance.model.images import Image
from services.netboot.architecture import kind_of
from services.netboot.choice import Deny, Hold, Local, Page, Run, Shell, Show, decide
from services.netboot.parameters import Who
from services.netboot.script import Urls
from services.netboot.session import answer, checked, chosen, depends, fitted, part_of
from tests.services.netboot.made import MAC, image, looked_up, table, thin_image

IMAGE = image()
TABLE = table(IMAGE)
RUN = decide(TABLE, "lan", MAC, looked_up(IMAGE))
SHOW = decide(table(IMAGE, intent="menu"), "lan", MAC, looked_up(IMAGE))
URLS = Urls("http://10.77.0.1", MAC, "T" * 24)
DECISIONS = [RUN, SHOW, Hold(), Local(), Deny(), Shell(), Page("Why.", "Way.")]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda one: type(one).__name__)
def test_every_decision_is_a_script_for_the_machine(decision: object) -> None:
    told = answer(decision, URLS, phone_home="http://x/up/1.2", code="1234")  # type: ignore[arg-type]
    assert told.text.startswith("#!ipxe\n")


def test_a_run_opens_its_image_and_nothing_else() -> None:
    told = answer(RUN, URLS, phone_home="http://x/up/1.2", code="")
    assert (told.images, told.menu) == ((IMAGE.id,), ())


def test_a_menu_opens_no_image_before_something_is_picked() -> None:
    assert isinstance(SHOW, Show)
    told = answer(SHOW, URLS, phone_home="", code="")
    assert (told.images, told.menu) == ((), (SHOW.entries[0].key,))


def test_the_record_names_machine_host_and_image() -> None:
    record = chosen(RUN, TABLE, "lan", MAC)
    assert (record.kind, record.machine, record.host) == ("run", "m1", "s1/ember")
    assert dict(record.parts) == {part.sha256: part.size for part in IMAGE.parts}


def test_a_command_line_that_ipxe_would_change_becomes_a_page() -> None:
    bad = image(command_line="init=/x ${net0/ip}")
    decision = decide(table(bad), "lan", MAC, looked_up(bad))
    got = checked(decision, None)
    assert isinstance(got, Page)
    assert "${…}" in got.why


def test_a_recipe_of_a_later_version_becomes_a_page() -> None:
    assert isinstance(RUN, Run)
    assert isinstance(checked(replace(RUN, image=replace(IMAGE, recipe="uki")), None), Page)


@pytest.mark.parametrize(
    ("system", "build", "code", "boots"),
    [
        ("x86_64-linux", "x86_64", 7, True),
        ("x86_64-linux", "i386", 0, True),  # the processor decides, in the script
        ("x86_64-linux", "i386", 6, True),
        ("i686-linux", "i386", 0, True),
        ("i686-linux", "x86_64", 7, False),  # 64-bit UEFI starts no 32-bit kernel
        ("x86_64-linux", "arm64", 11, False),
        ("x86_64-linux", "", 11, False),  # only its firmware has spoken
        ("aarch64-linux", "arm64", 11, True),
        ("aarch64-linux", "i386", 0, False),
        ("aarch64-linux", "", 0, False),
        ("riscv64-linux", "riscv64", 27, True),
        ("x86_64-linux", "", None, True),  # nobody said anything
        ("x86_64-linux", "word-of-later", 7, True),
    ],
)
def test_g4_an_image_is_for_machines_of_its_system(
    system: str, build: str, code: int | None, boots: bool
) -> None:
    assert isinstance(RUN, Run)
    wanted = replace(RUN, image=replace(IMAGE, system=system))
    got = checked(wanted, kind_of(build, code))
    assert isinstance(got, Run) == boots


def test_g4_the_page_names_both_systems() -> None:
    assert isinstance(RUN, Run)
    got = checked(RUN, kind_of("arm64", None))
    assert isinstance(got, Page)
    assert got.why == "ember is made for x86_64-linux, and this machine runs aarch64-linux."
    assert got.reason == "wrong-system"


def test_a_page_is_recorded_with_its_way_out() -> None:
    record = chosen(Page("Why.", "Way.", reason="pruned"), TABLE, "lan", MAC)
    assert (record.sentence, record.way_out, record.reason) == ("Why.", "Way.", "pruned")


def test_a_part_is_found_only_in_the_images_a_token_opens() -> None:
    sha = IMAGE.parts[0].sha256
    assert part_of(looked_up(IMAGE), (IMAGE.id,), sha)[0] == IMAGE.parts[0]
    assert part_of(looked_up(IMAGE), (), sha)[0] is None


def test_a_watched_image_is_told_of_the_binary_cache() -> None:
    told = answer(RUN, URLS, phone_home="http://x/up/1.2", code="", cache="http://x/cache=k:KEY=")
    assert " nixie.cache=http://x/cache=k:KEY= " in told.text


def test_an_image_served_as_built_has_nobody_to_tell_of_the_cache() -> None:
    assert isinstance(RUN, Run)
    as_built = replace(RUN, image=replace(IMAGE, watched=False))
    told = answer(as_built, URLS, phone_home="http://x/up/1.2", code="", cache="http://x/cache=k")
    assert "nixie.cache" not in told.text


def decision_for(made: Image) -> Run:
    decision = decide(table(made), "lan", MAC, looked_up(made))
    assert isinstance(decision, Run)
    return decision


SHORT = {"plat": "pcbios", "memory": 1, "drivers": ["e1000e"]}


def test_a_machine_short_of_memory_is_given_the_thin_form() -> None:
    thin = thin_image()
    record = chosen(fitted(decision_for(thin), SHORT), table(thin), "lan", MAC)
    assert dict(record.parts) == {part.sha256: part.size for part in thin.thin}
    assert record.store == thin.thin[-1].sha256


def test_one_that_has_told_nothing_is_given_the_thick_form() -> None:
    thin = thin_image()
    record = chosen(fitted(decision_for(thin), {}), table(thin), "lan", MAC)
    assert (dict(record.parts), record.store) == ({p.sha256: p.size for p in thin.parts}, "")


def test_what_is_doubtful_is_kept_with_the_boot() -> None:
    record = chosen(
        fitted(decision_for(thin_image()), {**SHORT, "drivers": ["igc"]}), TABLE, "lan", MAC
    )
    assert next(one.missing for one in record.doubts) == (
        'boot.initrd.availableKernelModules = [ "igc" ];'
    )


def test_only_an_image_of_two_forms_makes_a_machine_tell_of_itself() -> None:
    assert depends(decision_for(thin_image()))
    assert not depends(decision_for(image()))
    assert not depends(Hold())


def test_a_token_opens_the_parts_of_both_forms() -> None:
    thin = thin_image()
    for part in (*thin.parts, *thin.thin):
        assert part_of(looked_up(thin), (thin.id,), part.sha256)[0] == part


WHO = Who("ab" * 16, "http://x/id/1.2")


def test_a_machine_is_told_who_it_is() -> None:
    told = answer(RUN, URLS, phone_home="http://x/up/1.2", code="", who=WHO)
    assert f" systemd.machine_id={'ab' * 16}" in told.text
    assert " nixie.identity=http://x/id/1.2" in told.text


def test_an_image_served_as_built_cannot_ask_but_has_its_machine_id() -> None:
    assert isinstance(RUN, Run)
    as_built = replace(RUN, image=replace(RUN.image, watched=False))
    told = answer(as_built, URLS, phone_home="http://x/up/1.2", code="", who=WHO)
    assert "nixie.identity" not in told.text
    assert f" systemd.machine_id={'ab' * 16}" in told.text


def test_a_host_that_says_its_own_machine_id_keeps_it() -> None:
    assert isinstance(RUN, Run)
    line = f"{RUN.image.command_line} systemd.machine_id={'cd' * 16}"
    own = replace(RUN, image=replace(RUN.image, command_line=line))
    told = answer(own, URLS, phone_home="http://x/up/1.2", code="", who=WHO)
    assert told.text.count("systemd.machine_id=") == 1


def test_a_machine_that_nobody_knows_is_told_nothing() -> None:
    told = answer(RUN, URLS, phone_home="http://x/up/1.2", code="")
    assert "machine_id" not in told.text
    assert "identity" not in told.text
