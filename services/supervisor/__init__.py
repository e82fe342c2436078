"""The supervisor: the outer ring, one process per role, as `nixie run` has it.

It makes the state directory and mends it, opens the listening sockets and holds them while roles
come and go, starts every role with its own user and capabilities, kills the one that no longer
beats, and answers the broker's socket.  On NixOS systemd does all of this but the broker.  It
decides nothing about the network: which links there are comes from net's slices.

`serve.py` is the loop.  What it holds is a room each: `held/` one process, `sockets/` what roles
listen on, `state/` the directory, `logs/`, `users/`, and `daemon/` the ground under nix-daemon.
"""
