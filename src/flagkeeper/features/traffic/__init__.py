"""Traffic: how many requests are answered, day by day and second by second."""
