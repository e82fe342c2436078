import json

from appliance.model.images import image_from_json, image_to_json
from tests.services.netboot.made import image, thin_image


def test_an_image_of_two_forms_comes_back_from_its_manifest() -> None:
    whole = thin_image()
    assert image_from_json(json.loads(json.dumps(image_to_json(whole)))) == whole


def test_a_manifest_of_an_earlier_version_has_one_form() -> None:
    stored = image_to_json(thin_image())
    del stored["thin"], stored["initrd_modules"]
    assert image_from_json(stored) == image()


def test_the_parts_of_both_forms_are_each_there_once() -> None:
    names = [part.name for part in thin_image().every_part]
    assert names == ["bzImage", "initrd", "ramdisk", "store.squashfs"]


def test_the_thin_form_does_not_make_it_another_image() -> None:
    assert thin_image().id == image().id
