"""Tokens: API tokens of SDKs and tools, and people's personal access tokens. Only hashes of them are kept."""
