"""Environment variables: the one list of them, and how their values are read. `settings` makes sense of them."""
