"""Names of keys in services: two spellings of each, and nothing that only looks like one."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.kms_names import KmsName, Service, is_kms_name, parse_kms_name
from shipseal.errors import Code, ConfigError

_RING = "projects/p-1/locations/global/keyRings/r/cryptoKeys/k"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("awskms:///alias/release", (Service.AWS, "alias/release", "", "")),
        ("awskms:1234-ab", (Service.AWS, "1234-ab", "", "")),
        (
            "awskms:///arn:aws:kms:eu-west-1:1:key/1-2",
            (Service.AWS, "arn:aws:kms:eu-west-1:1:key/1-2", "", ""),
        ),
        (f"gcpkms://{_RING}/versions/3", (Service.GCP, f"{_RING}/cryptoKeyVersions/3", "", "3")),
        (
            f"gcpkms:{_RING}/cryptoKeyVersions/3",
            (Service.GCP, f"{_RING}/cryptoKeyVersions/3", "", "3"),
        ),
        ("azurekms://safe.vault.azure.net/rel", (Service.AZURE, "rel", "safe", "")),
        ("azurekms://safe.vault.azure.net/keys/rel/ab12", (Service.AZURE, "rel", "safe", "ab12")),
        ("hashivault://rel", (Service.VAULT, "rel", "", "")),
        ("hv:rel/2", (Service.VAULT, "rel", "", "2")),
        ("hsm:", (Service.HSM, "2", "", "")),
        ("hsm:9?label=YubiKey+PIV+%231", (Service.HSM, "9", "YubiKey PIV #1", "")),
    ],
)
def test_each_service_has_its_spellings(text: str, expected: tuple[str, ...]) -> None:
    service, key, place, version = expected
    assert is_kms_name(text)
    assert parse_kms_name(text) == KmsName(text, Service(service), key, place, version)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("awskms:///", "awskms:///alias/NAME"),
        ("awskms://kms.example.org/alias/x", "AWS_ENDPOINT_URL_KMS"),
        (f"gcpkms://{_RING}", "versions/V"),
        ("azurekms://safe.example.org/rel", "vault.azure.net"),
        ("hashivault://a b", "hashivault://KEY"),
        ("hsm:two", "hsm:ID"),
        ("hsm:2?pin-value=1234", "hsm:ID"),
        ("pkcs11:token=x;object=y", "hsm:ID"),
        ("./cosign.key", "awskms"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_could(text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="names no key") as caught:
        parse_kms_name(text)
    assert caught.value.code is Code.CONFIG_INVALID
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["cosign.key", "./awskms", "C:/keys/a.key", "hsm/key", ""])
def test_files_are_no_names(text: str) -> None:
    assert not is_kms_name(text)


@given(
    st.sampled_from(["awskms:", "gcpkms:", "azurekms:", "hashivault:", "hv:", "hsm:", "pkcs11:"]),
    st.text(max_size=60),
)
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_name_or_an_error_of_ours(scheme: str, rest: str) -> None:
    text = scheme + rest
    with contextlib.suppress(ConfigError):
        assert parse_kms_name(text).text == text
