"""Training rounds from the ledger: asked for, run one at a time in their own process, and gated."""
