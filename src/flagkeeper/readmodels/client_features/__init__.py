"""What SDKs poll: every flag of their projects in their environment, encoded once and kept in memory."""
