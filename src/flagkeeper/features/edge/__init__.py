"""Tokens for proxies in front of SDKs (Edge), which ask for them in signed requests."""
