"""The archive: old events in verified Parquet segments, in a directory or an S3-compatible bucket.

| module | what it is |
|---|---|
| `tables.py` | which segments there are, legal holds, the last run, pseudonyms being put in place |
| `place.py` | where files lie: a directory or a bucket |
| `segment.py` | one file of contiguous events: written, read back, compared |
| `manifest.py` | what the archive says of itself, in numbered versions |
| `store.py`, `hot.py` | the statements: on these tables, and on the events that are still in the database |
| `book.py` | keeping the manifest and the database in step |
| `turn.py` | one process at a time changes the archive, and a legal hold stops it |
| `archive.py` | reading archived events |
| `archiver.py` | moving events into the archive |
| `check.py` | recomputing all checksums |
| `words.py`, `pseudonyms.py`, `pseudonymiser.py` | putting a pseudonym in the place of a person's names |
"""
