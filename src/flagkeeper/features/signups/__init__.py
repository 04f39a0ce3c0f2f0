"""Links by which people sign up themselves."""
