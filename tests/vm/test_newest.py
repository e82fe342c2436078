"""A machine waits for the newest image: iPXE of 2019 (QEMU's ROM) and of today obey Retry-After."""

import pytest

from tests.live.waiting import until
from tests.vm.lab import Workshop, switched_on

pytestmark = pytest.mark.vm


@pytest.mark.parametrize(
    ("firmware", "mac"), [("bios", "52:54:00:76:70:01"), ("uefi", "52:54:00:76:70:02")]
)
def test_a_machine_waits_while_its_source_is_looked_at(
    workshop: Workshop, firmware: str, mac: str
) -> None:
    name = f"patient-{firmware}"
    workshop.assign(mac, name, host=workshop.hosts["native"])
    workshop.router.client.patch(f"/machines/{name}", {"waits_seconds": 600})
    until(
        lambda: any(
            one["name"] == name and one["waits_seconds"]
            for one in workshop.table()["machines"].values()
        ),
        "the table says that it waits",
    )
    with switched_on(workshop, mac, firmware) as machine:
        machine.says("The router looks whether there is something newer.")
        row = workshop.ends(machine, "up", "short")
    assert row.state == "up"
    assert not [line for line in machine.lines if "ipxe.org/1d0c" in line]  # 503 as an error
    told = [step.detail.get("sentence") for step in workshop.steps_of(row.id)]
    assert "The router looks whether there is something newer." in told
