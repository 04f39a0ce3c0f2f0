"""The archive: old events in verified Parquet segments, in a directory or an S3-compatible bucket.

| module | what it is |
|---|---|
| `tables.py` | which segments there are, legal holds, the last run, pseudonyms being put in place |
| `blob_store.py` | where files lie: a directory or a bucket |
| `timed.py` | a blob store with deadlines, so that one that hangs holds nothing up |
| `segment.py` | one file of contiguous events: written, read back, compared |
| `manifest.py` | what the archive says of itself, in numbered versions |
| `store.py`, `live.py` | the statements: on these tables, and on the events that are still in the database |
| `ledger.py` | keeping the manifest and the database in step |
| `lease.py` | one process at a time changes the archive, and a legal hold stops it |
| `archive.py` | reading archived events |
| `archive_reader.py` | reads that need the archive wait on threads of their own |
| `condition.py` | whether the archive can be used now |
| `archiver.py` | moving events into the archive |
| `check.py` | recomputing all checksums |
| `replacement.py`, `pseudonyms.py`, `pseudonymiser.py` | putting a pseudonym in the place of a person's names |
"""
