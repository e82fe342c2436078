"""What may be asked of each role's file, one module a file.  `store/reads.py` is all of them."""
