"""Two namespaces on one cable: the server on processor 0, the client on processor 1."""
