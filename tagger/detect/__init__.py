"""The garment finder: a detector of garments with boxes, masks and coarse categories."""
