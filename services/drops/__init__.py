"""What the filter holds back, as the kernel tells it (appliance/plan/noted.py).

Only the newest are remembered, and nowhere but in memory: a flood costs neither that nor disk.
"""
