"""The lists of blocked names: fetched by the broker, kept in dns.db."""
