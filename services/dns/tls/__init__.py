"""Questions over TLS (RFC 7858): one connection, kept, and many questions on it."""
