"""The doors: the command line (later the web and CDS hooks)."""
