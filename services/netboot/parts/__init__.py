"""An image's parts below a boot's token, every byte written down."""
