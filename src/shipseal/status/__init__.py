"""What the status pages of outside services say of themselves."""
