"""The integrations themselves: which there are, what they want, and their secrets."""
