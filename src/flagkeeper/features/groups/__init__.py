"""Groups: people who have roles together."""
