"""TFTP beside dnsmasq: the same file, the same client, the same two processors, turn by turn."""
