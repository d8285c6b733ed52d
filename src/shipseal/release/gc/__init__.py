"""Collect what nothing needs any more: old releases of this machine, blobs, leftovers of dead runs, cached SBOMs."""
