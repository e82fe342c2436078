"""`nixie bench`: us and a peer on the same work, in the same run."""
