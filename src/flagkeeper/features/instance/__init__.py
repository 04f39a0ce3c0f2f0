"""Settings of the whole server that administrators change while it runs."""
