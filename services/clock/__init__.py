"""The time for the router and its networks: chronyd asks and answers (RFC 5905), as we tell it."""
