"""The web, over HTTP."""
