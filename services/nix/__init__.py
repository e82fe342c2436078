"""Real Nix: from a flake URL to published images.

The `build` role.  It never evaluates foreign code itself: fetching runs as `fetch` (network, one
source's credential), evaluation as `eval` (no network, no secrets), builds in our own nix-daemon's
sandbox with `build` as an untrusted client.  Laws: the Nix manual of 2.26 and 2.8, what both print.
"""
