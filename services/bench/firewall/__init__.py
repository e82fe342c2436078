"""Swapping a firewall of 1,000 rules, beside `nft -f` of the same rules."""
