"""One process in the supervisor's hands, with what is held for it: life signs, sockets, its log."""
