from ipaddress import IPv4Address

import pytest

from appliance.model.outside import Socket
from services.outside.owners import owner, sockets
from services.outside.wire import Waiting

USERS = {0: "pppd", 61123: "chronyd"}


@pytest.mark.parametrize(
    ("protocol", "port", "link", "uid", "whose"),
    [
        ("udp", 323, "", 61123, "chronyd"),
        ("tcp", 443, "br-lan", 0, "web"),
        ("udp", 123, "br-lan", 0, "dns"),
        ("tcp", 443, "", 0, ""),
        ("tcp", 22, "", 0, ""),
        ("tcp", 443, "br-lan", 33, ""),
    ],
)
def test_a_socket_belongs_to_who_opened_it(
    protocol: str, port: int, link: str, uid: int, whose: str
) -> None:
    assert owner(protocol, port, link, uid, USERS) == whose


def test_a_socket_is_told_with_its_link() -> None:
    found = [Waiting(IPv4Address("0.0.0.0"), 443, 4, 0)]
    assert sockets("tcp", found, {4: "br-lan"}, USERS) == (
        Socket("tcp", "0.0.0.0", 443, "br-lan", "web", 0),
    )
