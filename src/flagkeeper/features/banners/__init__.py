"""Banners: what administrators tell everybody who opens the web interface."""
