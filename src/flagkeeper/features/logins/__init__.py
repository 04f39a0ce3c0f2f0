"""Who has logged in, and who tried to: kept for some weeks, for those who look after the server."""
