"""How the parts of a private instance are called."""

LOG_ORIGIN = "log.shipseal.test"
"""Origin of the log's checkpoints, and host of its base URL in the trusted root: sigstore-go wants both alike."""
CLIENT_ID = "sigstore"
"""Audience of every token that Fulcio takes."""
