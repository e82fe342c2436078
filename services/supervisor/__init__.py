"""The supervisor: the outer ring, one process per role, as `nixie run` has it.

It makes the state directory, opens the listening sockets and holds them while roles come and go,
starts every role with its own user and capabilities, kills the one that no longer beats, and
answers the broker's socket.  On NixOS systemd does all of this but the broker.  It decides nothing
about the network: which links there are comes from net's slices.
"""
