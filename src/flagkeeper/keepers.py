"""Every keeper and every operation, of all slices."""

from flagkeeper.eventlog.keeper import Keepers
from flagkeeper.eventlog.step import Ops
from flagkeeper.slices import SLICES

KEEPERS = Keepers(keeper for each in SLICES for keeper in each.keepers)
OPS = Ops(op for each in SLICES for op in each.ops)
