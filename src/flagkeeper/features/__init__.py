"""What the platform does, one folder per slice, with the same file names in each."""
