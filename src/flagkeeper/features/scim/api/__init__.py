"""The API of SCIM: its settings, and what identity providers call."""
