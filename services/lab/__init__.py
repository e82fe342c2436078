"""The lab: Nixie's own roles in a network made of namespaces, and QEMU machines that boot from it.

`topology` names the namespaces, links and addresses; `machine` turns a machine into QEMU's
command line; `console` reads what it prints on its serial line; the door, `driver`, makes and
removes all of it.  The same code serves the demo, the tests and "Try it here".  `sample/` is the
flake to boot.
"""
