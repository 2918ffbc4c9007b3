"""HTTP, Label Studio, storage and the command line around the tagger."""
