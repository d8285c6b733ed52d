"""The gate: policy and decision. No network, no clock, no disk."""
