"""What SCIM resources are, how they are asked for, and how they are changed. Pure."""
