"""Context: what SDKs know about a request, and the constraints that ask about it."""
