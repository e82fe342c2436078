"""TFTP, read-only: the first file a PXE machine fetches.

Laws: RFC 1350 (the protocol), 2347 (options), 2348 (blksize), 2349 (timeout, tsize), 7440
(windowsize), RFC 1123 §4.2.3.1 (never answer a duplicate ACK).  `wire` reads datagrams, `names`
tidies what firmware asks for, `transfer` decides, `serve` is the door.  What may be fetched is a
closed table handed in by netboot: there is no directory to climb out of.
"""
