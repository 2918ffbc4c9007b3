"""Readers of labelled pictures: one module for each kind of source."""

from __future__ import annotations
