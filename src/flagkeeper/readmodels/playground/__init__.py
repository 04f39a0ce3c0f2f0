"""The playground: what somebody would get, and why."""
