"""nftables through the distribution's python-nftables (libnftables): our one table, inet nixie."""
