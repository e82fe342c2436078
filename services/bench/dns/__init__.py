"""DNS beside dnsmasq: the same dnsperf, the same two processors, turn by turn."""
