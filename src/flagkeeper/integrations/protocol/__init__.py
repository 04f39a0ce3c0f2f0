"""What every provider is made of: its definition, its parameters, what it sends, and how an answer is judged."""
