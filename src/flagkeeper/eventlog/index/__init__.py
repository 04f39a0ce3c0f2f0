"""The index of the log: for each block of ids and each term, which events have it.

Ids have no holes and follow time, so every question about the log (what matches, how many, when) is answered with sets
of ids. A set is a Roaring bitmap. Blocks are immutable once written; the newest events are indexed in the memory of
each process. The index covers archived events too, and can be thrown away and built again from the log.
"""
