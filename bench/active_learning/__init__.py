"""How many labels each way of choosing needs, simulated on a labelled pool."""
