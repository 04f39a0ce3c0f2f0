"""One module per kind of receiver: what it is called, what it needs to know, and what it is sent. Pure."""
