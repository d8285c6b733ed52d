"""VEX: what ignores say, for others; and what others say, for the gate. Pure."""
