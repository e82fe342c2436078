from dataclasses import replace

from appliance.model.compare_images import compared, store_name
from tests.services.netboot.made import image

OLD = image(number=1)
NEW = image(number=2, command_line="loglevel=4 init=/nix/store/y/init")


def test_an_image_is_like_itself() -> None:
    found = compared(OLD, OLD)
    assert all(side.same for side in found.sides)
    assert (found.gone, found.new) == ((), ())


def test_the_words_of_a_command_line_that_came_or_went_are_named() -> None:
    found = compared(OLD, NEW)
    assert (found.gone, found.new) == (("init=/nix/store/x/init",), ("init=/nix/store/y/init",))


def test_another_order_of_words_is_no_difference() -> None:
    found = compared(OLD, replace(OLD, command_line="loglevel=4 init=/nix/store/x/init"))
    assert (found.gone, found.new) == ((), ())


def test_a_kernel_is_told_by_its_version() -> None:
    drvs = [
        {"kernel": f"/nix/store/0c0zw2r2g9kcj9l1k0a4hvjy7xw5kbvh-linux-6.12.{n}.drv"} for n in "12"
    ]
    before, after = (
        replace(OLD, provenance=replace(OLD.provenance, drvs=drv, revision=f"rev{n}"))
        for n, drv in enumerate(drvs)
    )
    changed = {one.name: (one.before, one.after) for one in compared(before, after).sides}
    assert changed["Kernel"] == ("linux-6.12.1", "linux-6.12.2")
    assert changed["Revision"] == ("rev0", "rev1")


def test_what_is_no_store_path_keeps_its_name() -> None:
    assert store_name("/elsewhere/linux.drv") == "linux"
    assert store_name("") == ""
