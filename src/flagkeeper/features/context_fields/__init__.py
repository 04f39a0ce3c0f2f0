"""Context fields: by what strategies may tell users apart, and which values are legal there."""
