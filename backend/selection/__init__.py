"""What to label next, from Label Studio's tasks and back into its queue."""
