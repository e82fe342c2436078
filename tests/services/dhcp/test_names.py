import pytest

from services.dhcp.names import said_name


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({12: b"Laptop"}, "laptop"),
        ({12: b"laptop.example.org"}, "laptop"),
        ({12: b"laptop\0"}, "laptop"),
        ({12: b"a" * 63}, "a" * 63),
        ({12: b"a" * 64}, ""),
        ({12: b"-x"}, ""),
        ({12: b"x\nkernel http://evil/"}, ""),
        ({12: "päuschen".encode()}, ""),
        ({12: b""}, ""),
        ({81: b"\x00\x00\x00printer.lan"}, "printer"),
        ({81: b"\x04\x00\x00\x07printer\x03lan\x00"}, "printer"),
        ({81: b"\x04\x00\x00\xff"}, ""),
        ({12: b"one", 81: b"\0\0\0two"}, "one"),
        ({}, ""),
    ],
)
def test_a_name_is_a_label_or_nothing(options: dict[int, bytes], name: str) -> None:
    assert said_name(options) == name
