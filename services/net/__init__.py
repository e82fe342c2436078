"""The role that owns the network: it applies revisions, repairs drift and publishes slices."""
