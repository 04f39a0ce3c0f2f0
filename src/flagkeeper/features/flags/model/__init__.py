"""What flags, strategies and variants are, and the rules for changing them. Pure."""
