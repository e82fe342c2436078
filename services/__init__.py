"""The protocols we speak and the systems we drive; never imports `webui`."""
