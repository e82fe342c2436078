"""Programs of others under our supervision: radvd, dhcpcd and chronyd."""
