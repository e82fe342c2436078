"""Files, links, hashes."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.model.images import Literal, Part, StoreFile
from services.nix.assembly import Layout
from services.nix.publish.driver import (
    Log,
    hashed,
    intact,
    keep_only,
    published_image,
    required,
    store_file,
    write,
)
from services.nix.store import Store, store_in

NAME = "zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux"
OTHER = "s965wbii8smygkhph9jv2azy3nn6l1sq-real"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    for name in (NAME, OTHER):
        (tmp_path / "store/nix/store" / name).mkdir(parents=True)
    return store_in(tmp_path, Path("/n/nix"), system_store=False)


def out(store: Store, name: str = NAME) -> Path:
    return store.root / "nix/store" / name


def test_a_plain_file_is_itself(store: Store) -> None:
    (out(store) / "bzImage").write_bytes(b"kernel")
    found = store_file(store, f"/nix/store/{NAME}/bzImage")
    assert found == StoreFile(str(out(store) / "bzImage"), 6)


def test_a_link_is_followed_inside_the_store(store: Store) -> None:
    (out(store, OTHER) / "vmlinuz").write_bytes(b"real")
    (out(store) / "bzImage").symlink_to(f"/nix/store/{OTHER}/vmlinuz")
    assert store_file(store, f"/nix/store/{NAME}/bzImage").size == 4


def test_a_relative_link_is_followed_inside_the_store(store: Store) -> None:
    (out(store, OTHER) / "vmlinuz").write_bytes(b"real")
    (out(store) / "bzImage").symlink_to(f"../{OTHER}/vmlinuz")
    assert store_file(store, f"/nix/store/{NAME}/bzImage").size == 4


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../../../../../../etc/passwd", "/nix/store", "/nix/store/../../etc"],
)
def test_a_link_out_of_the_store_is_refused(store: Store, target: str) -> None:
    (out(store) / "bzImage").symlink_to(target)
    with pytest.raises(Refused, match="from the store"):
        store_file(store, f"/nix/store/{NAME}/bzImage")


def test_a_folder_that_is_a_link_out_of_the_store_is_refused(store: Store) -> None:
    (out(store) / "boot").symlink_to("/etc")
    with pytest.raises(Refused):
        store_file(store, f"/nix/store/{NAME}/boot/passwd")


def test_links_that_go_in_a_circle_end(store: Store) -> None:
    (out(store) / "a").symlink_to("b")
    (out(store) / "b").symlink_to("a")
    with pytest.raises(Refused):
        store_file(store, f"/nix/store/{NAME}/a")


def test_a_missing_file_is_refused(store: Store) -> None:
    with pytest.raises(Refused):
        store_file(store, f"/nix/store/{NAME}/bzImage")


def test_the_hash_is_of_the_bytes_served(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    segments = (
        StoreFile(str(tmp_path / "a"), 3),
        Literal(b"\0"),
        StoreFile(str(tmp_path / "a"), 3),
    )
    part = asyncio.run(hashed(Layout("initrd", "initrd", segments)))
    assert part.sha256 == hashlib.sha256(b"abc\0abc").hexdigest()
    assert part.size == 7


def test_a_file_that_became_shorter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with pytest.raises(Refused):
        asyncio.run(hashed(Layout("k", "k", (StoreFile(str(tmp_path / "a"), 9),))))


def test_a_manifest_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "published/table.json"
    write(place, {"a": 1})
    write(place, {"a": 2})
    assert json.loads(place.read_text()) == {"a": 2}
    assert [one.name for one in place.parent.iterdir()] == ["table.json"]


def test_a_manifest_that_is_not_whole_is_none(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/x.json").write_text("{")
    assert published_image(tmp_path, "x") is None


def test_a_part_whose_file_is_gone_is_not_intact(tmp_path: Path) -> None:
    part = Part("kernel", "k", 3, "", (StoreFile(str(tmp_path / "a"), 3),))
    assert not intact([part])
    (tmp_path / "a").write_bytes(b"abc")
    assert intact([part])


def test_only_what_is_named_stays(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "c").symlink_to("/nonexistent")
    keep_only(tmp_path, {"a"})
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_log_is_cut(tmp_path: Path) -> None:
    log = Log(tmp_path / "1.log")
    for _ in range(40):
        log.add("x" * (1 << 20))
    log.close()
    assert (tmp_path / "1.log").stat().st_size < (17 << 20)
    assert (tmp_path / "1.log").read_text().endswith("longer than 16 MiB.\n")


def test_what_inputs_require_is_required(store: Store) -> None:
    place = store.root / "nix/store"
    drvs = {
        "a": ("big-parallel", ["b", "c"]),
        "b": ("", ["c", "absent"]),
        "c": ("kvm nixos-test", ["a"]),
    }
    for name, (told, needs) in drvs.items():
        inputs = ",".join(f'("/nix/store/{one}.drv",["out"])' for one in needs)
        env = f'("requiredSystemFeatures","{told}")' if told else ""
        text = (
            f'Derive([("out","/nix/store/x","","")],[{inputs}],[],"x86_64-linux","/b",[],[{env}])'
        )
        (place / f"{name}.drv").write_text(text)
    assert required(store, ["/nix/store/b.drv"]) == {"big-parallel", "kvm", "nixos-test"}
    assert required(store, ["/nix/store/absent.drv"]) == frozenset()
