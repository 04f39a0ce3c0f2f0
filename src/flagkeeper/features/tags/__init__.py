"""Tags and their types: words by which flags are grouped across projects."""
