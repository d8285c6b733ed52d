"""The images that verdicts are tested on."""

import pytest

from shipseal.oci import Image
from tests.support.evidence import sample_image


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return sample_image(tmp_path_factory.mktemp("image"))[1]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("bare")
    return sample_image(folder, platforms=("linux/s390x",), shape="bare")[1]
