"""Moving flags, and whole servers' states, from one server to another."""
