"""The only way out: it decides whom this server may speak to, and speaks to them."""
