"""What is moved, and what may be wrong with it. Pure."""
