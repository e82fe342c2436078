"""What the box is made of: board, network cards, memory, and what its kernel lacks.

Values in `inventory.py`, which the appliance may import; `probe.py` reads the machine.
"""
