"""The runbook as code: bytes of a log in, diagnoses out. No disk, no network, no clock."""
