"""What several read models share."""
