"""How much there is on this server."""
