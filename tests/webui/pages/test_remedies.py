from dataclasses import replace

import pytest

from appliance.causes import CAUSES
from appliance.store.boots import BootRow
from webui.pages.remedies import REMEDIES, Case, Press, remedies

BOOT = BootRow(
    "b1", "lan", "52:54:00:00:00:01", "m", "pxe-x64", 0.0, 9.0, "short", "src/ember", "ember",
    "img", 3, "run", None, None, {},
)  # fmt: skip
CASE = Case(BOOT, "m1", "src", "build1", building=False, image="img", goes_on=True)
STRANGER = Case(
    replace(BOOT, host=None, name=None), "", "", "", building=False, image="", goes_on=False
)


@pytest.mark.parametrize("diagnosis", CAUSES)
def test_every_diagnosis_has_deeds_of_its_own(diagnosis: str) -> None:
    assert REMEDIES[diagnosis]


@pytest.mark.parametrize("diagnosis", [*REMEDIES, "not known yet"])
@pytest.mark.parametrize("case", [CASE, STRANGER], ids=["known", "stranger"])
def test_there_is_always_something_to_press(diagnosis: str, case: Case) -> None:
    first = remedies(diagnosis, case)[0]
    assert bool(first.href) != bool(first.action)


def test_a_pruned_image_is_built_again() -> None:
    fields = (("host", "src/ember"), ("back", "/boots/b1"))
    wanted = Press("Build ember again", "", "/sources/src/build", fields)
    assert remedies("artifact-pruned", CASE)[0] == wanted


def test_what_is_being_built_is_not_built_again() -> None:
    first = remedies("artifact-pruned", CASE._replace(building=True))[0]
    assert first == Press("Watch the build", "/builds/build1")


def test_a_machine_on_hold_is_released() -> None:
    assert remedies("not-assigned", CASE)[0] == Press("Let it go on", "", "/machines/m1/release")


def test_a_machine_that_had_nothing_is_given_something() -> None:
    first = remedies("not-assigned", CASE._replace(goes_on=False))[0]
    assert first.href == "/machines/m1#next-h"


def test_a_machine_without_a_loader_may_boot_its_own_disk() -> None:
    first = remedies("unknown-arch", STRANGER)[0]
    assert (first.action, dict(first.fields)["next"]) == ("/inbox/boot", "local")


@pytest.mark.parametrize("diagnosis", ["autoexec-missing", "tftp-not-found", "unanswered"])
def test_another_server_is_decided_about_where_its_network_is(diagnosis: str) -> None:
    assert remedies(diagnosis, CASE)[0].href == "/networks#net-lan"


def test_a_missing_loader_leads_to_what_is_missing() -> None:
    assert remedies("loader-missing", STRANGER)[0].href == "/system#loaders"


def test_a_silent_kernel_leads_to_what_was_found_in_its_host() -> None:
    assert remedies("kernel-no-sign-of-life", CASE)[0].href == "/sources/src#host-ember"
