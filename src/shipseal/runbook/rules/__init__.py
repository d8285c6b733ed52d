"""What failures look like, by area."""
