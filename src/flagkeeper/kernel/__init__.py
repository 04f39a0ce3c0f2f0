"""Words that every other part speaks: ids, time, actors, errors, pages. Nothing here does I/O."""
