"""The registry client: HTTP, credentials, uploads, referrers, and layouts as targets."""
