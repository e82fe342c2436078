"""Manifests, as they are stored and read."""

import json
from dataclasses import replace

import pytest

from appliance.model.images import SCHEMA, Part, StoreFile, image_from_json, image_to_json
from tests.services.netboot.made import image, thin_image

WHOLE = Part("kernel", "bzImage", 5, "ab" * 32, (StoreFile("/nix/store/k", 5),))
CUT = Part("initrd", "initrd", 9, "cd" * 32, (StoreFile("/a", 4, 100), StoreFile("/b", 5)))


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


def test_a_part_of_a_file_is_read_as_it_was_stored() -> None:
    made = replace(image(), parts=(WHOLE, CUT))
    assert image_from_json(json.loads(json.dumps(image_to_json(made)))) == made


def test_a_manifest_of_the_first_layout_is_read() -> None:
    stored = image_to_json(image())
    assert image_from_json({**stored, "schema": 1}).parts == image().parts


def test_a_manifest_of_a_newer_nixie_is_refused() -> None:
    with pytest.raises(ValueError, match="a newer Nixie"):
        image_from_json({**image_to_json(image()), "schema": SCHEMA + 1})
