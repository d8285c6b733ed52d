"""Advisory data: OSV records, the local database, version order."""
