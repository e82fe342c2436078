"""The kernel's queues for the speed of the way out, through rtnetlink: tc-cake(8), ifb."""
