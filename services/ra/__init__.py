"""Router advertisements (RFC 4861, RFC 8106): radvd sends them, we write its configuration."""
