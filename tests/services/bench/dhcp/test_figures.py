import json

import pytest

from services.bench.dhcp.figures import Load, kea_configuration, load

REPORT = """
Running: perfdhcp -4 -l 10.98.0.2 -r 200 -R 500 -p 3 10.99.0.1
Rate: 199.333 4-way exchanges/second, expected rate: 200

Malformed DHCP packets: 0
***Statistics for: DISCOVER-OFFER***
sent packets: 600
received packets: 598
drops: 2
drops ratio: 0.333333 %
orphans: 0
rejected leases: 0
non unique addresses: 0

min delay: 0.110 ms
avg delay: 0.562 ms
max delay: 12.000 ms
std deviation: 1.0 ms
collected packets: 0

***Statistics for: REQUEST-ACK***
sent packets: 598
received packets: 597
drops: 1
drops ratio: 0.167224 %
orphans: 0
rejected leases: 0
non unique addresses: 0

min delay: 0.110 ms
avg delay: 1.562 ms
max delay: 12.000 ms
std deviation: 1.0 ms
collected packets: 0
"""


def test_a_report_is_read() -> None:
    assert load(REPORT) == Load(sent=1198, exchanges=597, lost=2 / 600, delay_ms=0.562)


def test_no_report_is_refused_with_what_was_said() -> None:
    with pytest.raises(ValueError, match="cannot bind"):
        load("perfdhcp: cannot bind")


def test_kea_is_told_the_link_and_the_pool() -> None:
    told = json.loads(kea_configuration("lan0", "10.98.0.0/15", "10.99.1.0-10.99.2.0", "/x"))
    assert told["Dhcp4"]["interfaces-config"]["interfaces"] == ["lan0"]
    assert told["Dhcp4"]["subnet4"][0]["pools"] == [{"pool": "10.99.1.0-10.99.2.0"}]
