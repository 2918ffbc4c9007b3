"""Corrupt labels of candidates on purpose and count how often the gate lets them through."""
