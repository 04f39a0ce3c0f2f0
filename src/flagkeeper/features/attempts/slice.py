"""What the server has to know of attempts."""

from flagkeeper.features.attempts import tables
from flagkeeper.features.attempts.jobs import SharedAttempts
from flagkeeper.slice import Part, Slice

ATTEMPTS = Part("attempts", lambda parts: SharedAttempts(parts.units, parts.reader, parts.settings.per_minute))

SLICE = Slice(name="attempts", tables=tables, provides=(ATTEMPTS,))
