"""Who a machine is: it asks for its key in its first stage, and the owner compares two codes."""
