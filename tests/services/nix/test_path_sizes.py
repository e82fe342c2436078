"""What `nix path-info` says of sizes."""

import pytest

from services.nix.path_sizes import asked, read

ZLIB, GLIBC = f"{'1' * 32}-zlib-1.3", f"{'2' * 32}-glibc-2.39"


def test_each_line_is_a_path_with_its_size() -> None:
    answer = f"/nix/store/{ZLIB}   \t        120\n/nix/store/{GLIBC}\t31457280\n"
    assert read(answer) == {ZLIB: 120, GLIBC: 31_457_280}


@pytest.mark.parametrize(
    "answer",
    ["", "\n", "/nix/store/x 1", f"/nix/store/{ZLIB}", f"/nix/store/{ZLIB} many",
     f"/nix/store/{ZLIB} -1", f"/nix/store/{ZLIB} 1 2", f"/elsewhere/{ZLIB} 1"],
)  # fmt: skip
def test_anything_else_is_refused(answer: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read(answer)


def test_what_is_asked_ends_with_the_path() -> None:
    assert asked(f"/nix/store/{ZLIB}")[-1] == f"/nix/store/{ZLIB}"
