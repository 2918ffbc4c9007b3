"""What annotators made of the predictions: derived from stored events, and from them alone."""
