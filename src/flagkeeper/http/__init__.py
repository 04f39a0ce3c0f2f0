"""The HTTP toolkit: who calls, what they may do, how errors look, how routes are declared. It knows no slice."""
