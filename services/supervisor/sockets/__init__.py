"""What each role listens on: from net's slices to sockets that are bound to one interface each."""
