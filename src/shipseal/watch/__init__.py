"""Checks over time: whether what must happen by itself did happen, and when it last did."""
