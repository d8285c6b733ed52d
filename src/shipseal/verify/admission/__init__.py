"""A policy written out for those who let images into a cluster."""
