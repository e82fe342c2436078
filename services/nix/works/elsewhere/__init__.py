"""A build that a builder makes, where one is free."""
