"""The deliveries: which event goes to which integration, and what became of each attempt."""
