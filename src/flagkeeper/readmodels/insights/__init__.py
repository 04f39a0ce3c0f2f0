"""How the server and its projects get on, week by week."""
