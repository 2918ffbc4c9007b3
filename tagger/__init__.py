"""Finds garments in pictures and tags them; knows neither HTTP nor a database."""

from __future__ import annotations
