"""A private Sigstore instance on this machine; see :mod:`scripts.sigstack.stack`."""
