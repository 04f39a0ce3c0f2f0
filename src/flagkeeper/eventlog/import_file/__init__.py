"""Importing a log: the events of a file become the first events of a new database, as they were.

The file is NDJSON as `flagkeeper events export` writes it, or the same without ids. Ids, times, actors and groups stay
what they are. What comes back is history, not state: flags, users and all else that the events speak of do not.
"""

from flagkeeper.eventlog.import_file.load import Imported, import_file

__all__ = ["Imported", "import_file"]
