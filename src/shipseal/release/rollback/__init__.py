"""Rollback: moving tags go back to an earlier release, verified first, all targets or none."""
