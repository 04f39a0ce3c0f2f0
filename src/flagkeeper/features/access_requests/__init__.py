"""Requests for access, by people whom an identity provider vouches for and who have no account yet."""
