from pathlib import Path

from hardware.inventory import Board
from hardware.probe import board, inventory


def test_the_board_says_who_made_it(tmp_path: Path) -> None:
    (tmp_path / "sys_vendor").write_text("PC Engines\n")
    (tmp_path / "product_name").write_text("apu4\n")
    assert board(tmp_path) == Board("PC Engines", "apu4")


def test_a_board_without_a_label_is_named_by_its_architecture(tmp_path: Path) -> None:
    found = board(tmp_path)
    assert found.vendor == "unknown"
    assert found.product


def test_every_box_has_memory_and_a_core() -> None:
    found = inventory()
    assert found.memory_bytes > 0
    assert found.cores > 0
