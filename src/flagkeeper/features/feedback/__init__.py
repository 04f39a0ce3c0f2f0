"""What people say of the web interface, and what goes wrong in it."""
