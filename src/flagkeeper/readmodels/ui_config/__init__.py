"""What a web interface has to know of the server it talks to."""
