"""What a look at a host brings back, believed only as far as it is checked."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from services.nix.recipe import from_json, recipe, same_image, to_json

P = "/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-"


def told(**changes: Any) -> dict[str, Any]:
    """What introspect.nix says of a good host."""
    parts = ("kernel", "initialRamdisk", "squashfsStore")
    return {
        "kind": "native",
        "system": "x86_64-linux",
        "kernelFile": "bzImage",
        "kernelParams": ["console=ttyS0", "loglevel=4"],
        "toplevel": P + "nixos-system",
        "drv": {part: f"{P}{part}.drv" for part in parts},
        "out": {part: f"{P}{part}" for part in parts},
        **changes,
    }


def test_the_command_line_begins_with_init() -> None:
    made = recipe(told())
    assert made.command_line == f"init={P}nixos-system/init console=ttyS0 loglevel=4"


def test_specialisations_are_recipes_of_their_own() -> None:
    made = recipe(told(specialisations={"quiet": {"kernelParams": ["quiet"]}}))
    assert made.specialisations["quiet"].parameters == ("quiet",)


def test_a_specialisation_that_cannot_boot_is_left_out() -> None:
    assert recipe(told(specialisations={"x": {"reason": "no"}})).specialisations == {}


def test_shared_derivations_are_built_once() -> None:
    assert len(recipe(told(specialisations={"q": {"kernelParams": []}})).derivations) == 3


def test_a_recipe_comes_back_from_its_row() -> None:
    made = recipe(told(specialisations={"quiet": {"kernelParams": ["quiet"]}}))
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


def test_what_the_ramdisk_can_do_comes_back_from_its_row() -> None:
    made = recipe(told(thin=True, initrdModules=["virtio_net", "e1000e", "virtio_net"]))
    assert (made.thin, made.initrd_modules) == (True, ("e1000e", "virtio_net"))
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


def test_a_row_of_an_earlier_version_has_one_form() -> None:
    stored = json.loads(json.dumps(to_json(recipe(told()))))
    del stored["thin"], stored["initrd_modules"]
    assert (from_json(stored).thin, from_json(stored).initrd_modules) == (False, ())


@pytest.mark.parametrize("modules", [None, "igc", [1, "a b", "x" * 65, "igc\n", {}]])
def test_what_is_no_module_is_left_out(modules: Any) -> None:
    assert recipe(told(thin="yes", initrdModules=modules)).initrd_modules == ()
    assert recipe(told(thin="yes")).thin is False


def test_another_parameter_is_another_image() -> None:
    assert not same_image(recipe(told()), recipe(told(kernelParams=["quiet"])))


@pytest.mark.parametrize(
    "changes",
    [
        {"kernelParams": ["a\nb"]},
        {"kernelParams": ["a\x1b[2J"]},
        {"kernelParams": "console=ttyS0"},
        {"kernelParams": ["x" * 4_000]},
        {"kernelFile": "../../../etc/shadow"},
        {"kernelFile": "/etc/shadow"},
        {"toplevel": "/etc"},
        {"toplevel": P + "x/../../etc"},
        {"system": "x86_64-linux; reboot"},
        {"drv": {"kernel": P + "k.drv"}},
        {"out": {"kernel": "/etc/passwd", "initialRamdisk": "/", "squashfsStore": "/"}},
        {"drv": None},
        {"initrdFile": "../initrd"},
        {"specialisations": {"a/../b": {}}},
        {"specialisations": []},
    ],
)
def test_what_our_adapter_would_not_write_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be served"):
        recipe(told(**changes))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=8), one, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*sorted(told()), "specialisations"]), VALUES))
def test_no_answer_does_anything_but_make_a_recipe_or_be_refused(changes: dict[str, Any]) -> None:
    with suppress(Refused):
        recipe({**told(), **changes})


def with_tree(**changes: Any) -> dict[str, Any]:
    good = told()
    good["drv"]["dtb"], good["out"]["dtb"] = f"{P}trees.drv", f"{P}trees"
    return {**good, "dtbFile": "rockchip/board.dtb", **changes}


def test_a_host_that_names_a_device_tree_has_it_built() -> None:
    made = recipe(with_tree())
    assert (made.dtb_file, made.drvs["dtb"]) == ("rockchip/board.dtb", f"{P}trees.drv")
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/passwd", "a b", None])
def test_a_device_tree_lies_below_its_output(name: object) -> None:
    with pytest.raises(Refused, match="dtbFile"):
        recipe(with_tree(dtbFile=name))


def test_a_recipe_of_before_device_trees_is_the_same_as_one_without() -> None:
    stored = to_json(recipe(told()))
    del stored["dtb_file"]
    assert from_json(stored) == recipe(told())
