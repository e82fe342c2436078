from pathlib import Path

import pytest

from appliance.errors import Gone, Unreachable
from appliance.plan.sysctls import Write
from services.sysctls.driver import SysctlDriver


@pytest.fixture
def driver(tmp_path: Path) -> SysctlDriver:
    (tmp_path / "net/ipv4/conf/lan").mkdir(parents=True)
    (tmp_path / "net/ipv4/conf/lan/rp_filter").write_text("2\n")
    return SysctlDriver(tmp_path)


def test_a_value_is_read_without_its_line_end(driver: SysctlDriver) -> None:
    path = "net/ipv4/conf/lan/rp_filter"
    assert driver.read([path]) == {path: "2"}


def test_a_setting_of_an_absent_link_is_left_out(driver: SysctlDriver) -> None:
    assert driver.read(["net/ipv4/conf/gone/rp_filter"]) == {}


def test_a_setting_of_an_absent_family_is_none(driver: SysctlDriver) -> None:
    assert driver.read(["net/ipv6/conf/lan/accept_ra"]) == {"net/ipv6/conf/lan/accept_ra": None}


def test_what_was_written_is_read_back(driver: SysctlDriver) -> None:
    path = "net/ipv4/conf/lan/rp_filter"
    driver.write(Write(path, "1"))
    assert driver.read([path]) == {path: "1"}


def test_a_write_that_fails_says_what_and_why(driver: SysctlDriver) -> None:
    with pytest.raises(Gone, match="refused 1 for net/ipv4/conf/gone/x: No such file"):
        driver.write(Write("net/ipv4/conf/gone/x", "1"))


def test_a_write_that_the_kernel_does_not_take_is_of_a_link_that_stays(
    driver: SysctlDriver,
) -> None:
    with pytest.raises(Unreachable, match="refused 1 for net/ipv4/conf/lan: Is a dir") as caught:
        driver.write(Write("net/ipv4/conf/lan", "1"))
    assert not isinstance(caught.value, Gone)
