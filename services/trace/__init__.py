"""The kernel's own account of single packets: which rule decided each (nft(8), nftrace).

For one conversation at a time, a minute at most, remembered in memory alone.
"""
