"""Lists and packs on a disk."""

import asyncio
import random
from pathlib import Path

from appliance.model.images import Literal, StoreFile
from services.nix.assembly import Layout
from services.nix.sharing.driver import YOUNG_SECONDS, thinned, tidy

BASE = random.Random(1).randbytes(4_000_000)
LATER = BASE[:2_000_000] + random.Random(2).randbytes(300_000) + BASE[2_000_000:]


def thin(folder: Path, name: str, content: bytes) -> Layout:
    place = folder / name
    place.write_bytes(content)
    file = StoreFile(str(place), len(content))
    layout = Layout("initrd", "initrd", (Literal(b"head"), file, Literal(b"tail")))
    return asyncio.run(thinned(folder, layout, file))


def served(layout: Layout) -> bytes:
    return b"".join(
        one.content
        if isinstance(one, Literal)
        else Path(one.file).read_bytes()[one.offset : one.offset + one.size]
        for one in layout.segments
    )


def files(layout: Layout) -> set[str]:
    return {one.file for one in layout.segments if isinstance(one, StoreFile)}


def test_the_first_is_served_as_it_is(tmp_path: Path) -> None:
    assert files(thin(tmp_path, "one", BASE)) == {str(tmp_path / "one")}
    assert not list((tmp_path / "shared").glob("*.pack"))


def test_the_next_is_served_from_the_first_with_a_small_pack(tmp_path: Path) -> None:
    thin(tmp_path, "one", BASE)
    later = thin(tmp_path, "two", LATER)
    (pack,) = (tmp_path / "shared").glob("*.pack")
    assert files(later) == {str(tmp_path / "one"), str(pack)}
    assert pack.stat().st_size < 600_000
    assert served(later) == b"head" + LATER + b"tail"


def test_a_third_takes_from_the_pack_too(tmp_path: Path) -> None:
    thin(tmp_path, "one", BASE)
    thin(tmp_path, "two", LATER)
    third = LATER[:3_000_000] + random.Random(3).randbytes(100_000) + LATER[3_000_000:]
    made = thin(tmp_path, "three", third)
    assert len(files(made)) == 3
    assert served(made) == b"head" + third + b"tail"


def test_the_same_twice_writes_no_second_pack(tmp_path: Path) -> None:
    thin(tmp_path, "one", BASE)
    first = thin(tmp_path, "two", LATER)
    again = thin(tmp_path, "copy", LATER)
    assert again.segments == first.segments


def test_a_file_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    thin(tmp_path, "one", BASE)
    (tmp_path / "one").unlink()
    assert files(thin(tmp_path, "two", LATER)) == {str(tmp_path / "two")}


def test_what_no_image_uses_goes_after_a_while(tmp_path: Path) -> None:
    thin(tmp_path, "one", BASE)
    used = files(thin(tmp_path, "two", LATER))
    folder = tmp_path / "shared"
    now = max(one.stat().st_mtime for one in folder.iterdir())
    before = set(folder.iterdir())
    tidy(tmp_path, used, now + YOUNG_SECONDS + 1)
    assert set(folder.iterdir()) == before
    tidy(tmp_path, (), now)
    assert set(folder.iterdir()) == before
    tidy(tmp_path, {str(tmp_path / "one")}, now + YOUNG_SECONDS + 1)
    assert not list(folder.glob("*.pack"))
    assert len(list(folder.iterdir())) == 1
