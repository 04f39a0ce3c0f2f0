"""Service accounts: programs that have roles like people, and tokens in place of a password."""
