"""Single sign-on: people log in at an identity provider."""
