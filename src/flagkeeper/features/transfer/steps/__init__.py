"""What imports do, as steps, and how a document becomes steps."""
