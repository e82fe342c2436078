"""The way to the servers: HTTPS, and DNS over TCP."""
