"""DHCP beside Kea's memfile server: the same perfdhcp, the same two processors, turn by turn."""
