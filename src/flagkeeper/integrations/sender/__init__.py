"""The sender: takes deliveries that are due, sends them through `outbound`, and records what came of it."""
