import pytest

from services.lab.sample.modules import UnknownModule, closure, dependencies, index, values

VIRTIO_NET = (
    b"\x7fELF..\0license=GPL\0alias=virtio:d00000001v*\0depends=virtio_ring,net-failover\0..\0"
)
FAILOVER = b"license=GPL\0depends=\0name=failover\0"


def test_a_module_says_what_it_depends_on() -> None:
    assert dependencies(VIRTIO_NET) == ("virtio_ring", "net_failover")


def test_a_module_that_needs_nothing_depends_on_nothing() -> None:
    assert dependencies(FAILOVER) == ()


def test_neighbouring_values_are_both_found() -> None:
    assert values("alias", b"\0alias=a\0alias=b\0") == ["a", "b"]


def test_a_value_inside_a_longer_key_is_not_one() -> None:
    assert values("alias", b"\0notalias=a\0") == []


KNOWN = {"net": ("failover", "ring"), "failover": (), "ring": ("base",), "base": ()}


def test_everything_below_a_module_comes_with_it() -> None:
    assert closure(["net"], KNOWN.get) == ("base", "failover", "net", "ring")


def test_a_module_that_is_missing_is_named() -> None:
    with pytest.raises(UnknownModule) as missing:
        closure(["net"], {"net": ("gone",)}.get)
    assert missing.value.name == "gone"


def test_modprobe_finds_what_to_load_first_at_the_end_of_a_line() -> None:
    written = index(
        {
            "net": b"\0depends=ring\0alias=pci:v1*\0",
            "ring": b"\0depends=base\0",
            "base": b"\0depends=\0",
        }
    )
    assert written["modules.dep"] == "base.ko:\nnet.ko: ring.ko base.ko\nring.ko: base.ko\n"
    assert written["modules.alias"] == "alias pci:v1* net\n"
