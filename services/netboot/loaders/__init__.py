"""The loaders over HTTP, each beside its autoexec.ipxe."""
