"""Integrations: telling other systems what happened. Events go in, what providers make of them goes out."""
