import pytest

from services.netboot.nar import wire


@pytest.mark.parametrize("size", range(17))
def test_a_string_ends_at_a_multiple_of_eight(size: int) -> None:
    made = wire.string(b"x" * size)
    assert len(made) % 8 == 0
    assert made[8 : 8 + size] == b"x" * size
    assert not any(made[8 + size :])


def test_an_executable_says_so_with_an_empty_string() -> None:
    plain, bound = wire.regular(3, executable=False), wire.regular(3, executable=True)
    assert bound.replace(wire.strings(b"executable", b""), b"") == plain
