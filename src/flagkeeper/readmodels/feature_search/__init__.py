"""Finding flags: by what they are, by what hangs on them, and by how they are used."""
