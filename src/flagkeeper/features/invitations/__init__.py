"""How people get in who cannot log in yet, or no longer: links to choose a password, and the mails that carry them."""
