"""A LAN address changed and verified, beside `ip -batch` and `nft -f` of the same."""
