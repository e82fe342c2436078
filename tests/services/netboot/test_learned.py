import pytest

from services.netboot.learned import MEMORY, learned, megabytes


@pytest.mark.parametrize(
    ("said", "memory"),
    [
        ("0002.......", 512),
        ("0040.0040......", 32768),
        ("0000.0020......", 8192),  # an empty slot
        ("ffff.0020......", 8192),  # the board does not know
        ("ff7f.......", 32767),  # 32 GiB or more: at least that
        ("0090.......", 4),  # in kilobytes
        (".......", 0),
        ("", 0),
        ("<b>.zz.00200.", 0),
    ],
)
def test_memory_is_what_all_slots_hold_together(said: str, memory: int) -> None:
    assert megabytes(said) == memory


def test_eight_slots_are_asked_for() -> None:
    assert MEMORY.startswith("${smbios/0.17.12.2:hexraw}.${smbios/1.17.12.2:hexraw}.")
    assert MEMORY.count("smbios") == 8


def test_the_driver_follows_from_either_form_of_the_bus_id() -> None:
    assert learned({"bus": "01-80-86-15-f3"}) == {"drivers": ["igc"]}
    assert learned({"bus_id": "10ec:8168", "mem": "0010"}) == {"memory": 4096, "drivers": ["r8169"]}


def test_what_is_not_known_is_left_out() -> None:
    assert learned({"bus_id": "dead:beef", "mem": "."}) == {}
