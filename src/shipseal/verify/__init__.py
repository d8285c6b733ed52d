"""Verification: policy, checks, verdict. No network, no clock, no disk."""
