"""What the supervisor says in place of a role that does not answer."""
