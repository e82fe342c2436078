"""DHCP once, the MAC made from a number: dhcp_exchange.py LINK NUMBER; its address or none."""

import sys

from tests.live.dhcp_client import FEW, Client

print(Client(sys.argv[1], 68, FEW).exchange(int(sys.argv[2])))
