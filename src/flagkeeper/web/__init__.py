"""Pages for people. They use the public HTTP API and nothing else, and load nothing from other hosts."""
