"""Which edges are connected, as they tell of themselves."""
