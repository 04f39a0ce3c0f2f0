"""A node that answers SDKs in the place of another server, whose flags it follows. It changes nothing."""
