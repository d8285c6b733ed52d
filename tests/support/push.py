"""Put a sample image into a target, for tests of what reads it from there."""

from shipseal.oci import Descriptor, RawManifest
from shipseal.oci.closure import closure_of
from shipseal.oci.layout import OciLayout
from shipseal.registry.interface import BlobUpload, Target
from shipseal.testing.images import SampleImage


def push_sample(target: Target, sample: SampleImage, tag: str = "") -> RawManifest:
    """Upload all of ``sample``, tag it if ``tag`` is given, and return its root."""
    parts = closure_of(sample.layout, sample.root, what="sample")
    for blob in parts.blobs:
        target.put_blob(_upload(sample.layout, blob))
    for manifest in parts.manifests:
        target.put_manifest(manifest)
    if tag:
        target.put_tag(tag, sample.root)
    return sample.root


def _upload(layout: OciLayout, blob: Descriptor) -> BlobUpload:
    return BlobUpload(blob, lambda *, offset=0: layout.open_blob(blob, offset=offset))
