"""What the audit of listings finds, measured on planted faults."""
