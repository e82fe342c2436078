"""Files as they arrive: bounded, whole or not at all."""

import hashlib
from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.store.uploads.open import COMING_SECONDS, Coming, arrived, head, sweep


def test_a_file_has_no_name_before_it_is_whole(tmp_path: Path) -> None:
    with Coming(tmp_path, "1") as coming:
        coming.add(b"ker")
        coming.add(b"nel")
        assert [one.name for one in tmp_path.iterdir()] == [".1"]
        digest = coming.keep()
    assert digest == hashlib.sha256(b"kernel").hexdigest()
    assert [one.name for one in tmp_path.iterdir()] == [digest]
    assert (tmp_path / digest).stat().st_mode & 0o777 == 0o640


def test_a_file_that_the_disk_has_no_room_for_is_refused(tmp_path: Path) -> None:
    with Coming(tmp_path, "1") as coming:
        coming.size = 1 << 60
        with pytest.raises(Refused, match=r"less\. Send a smaller one|this file is larger"):
            coming.add(b"x")


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_what_is_no_checksum_names_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "x").write_bytes(b"x")
    assert arrived(tmp_path, name) is None
    assert head(tmp_path, name) == b""


def test_what_stopped_coming_goes_after_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    (folder / ".half").write_bytes(b"half")
    came = (folder / ".half").stat().st_mtime
    sweep(tmp_path, came + COMING_SECONDS - 1)
    assert (folder / ".half").exists()
    sweep(tmp_path, came + COMING_SECONDS + 1)
    assert not (folder / ".half").exists()


def test_what_an_image_has_goes_after_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    for name in ("aa", "bb", "cc"):
        (folder / name).write_bytes(b"x")
    came = (folder / "aa").stat().st_mtime
    sweep(tmp_path, came, wanted=("bb",), had=("aa",))
    assert sorted(one.name for one in folder.iterdir()) == ["aa", "bb", "cc"]
    sweep(tmp_path, came + COMING_SECONDS + 60, wanted=("bb",), had=("aa",))
    assert sorted(one.name for one in folder.iterdir()) == ["bb", "cc"]
