"""How projects get on: figures that a durable follower adds up, so that nobody reads the log to count."""
