"""Loading and saving flags, for commands. Private to this slice."""
