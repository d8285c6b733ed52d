"""A server with the API of AWS KMS on this machine: moto's, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.missing import missing

_SERVER = Path(__file__).with_name("aws_kms_server.py")
_ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "sample",
    "AWS_SECRET_ACCESS_KEY": "sample-secret-key",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # One try: the client's own repetitions take seconds.
    "AWS_MAX_ATTEMPTS": "1",
}


@dataclass(frozen=True, slots=True)
class AwsKms:
    """The server.

    Attributes:
        url: its address.
        process: ends with the test.
    """

    url: str
    process: "subprocess.Popen[str]"

    def use(self, environment: pytest.MonkeyPatch) -> None:
        """Point AWS's client there."""
        for name, value in {**SETTINGS, "AWS_ENDPOINT_URL_KMS": self.url}.items():
            environment.setenv(name, value)
        # The client remembers in a process what it found once.
        environment.setattr("boto3.DEFAULT_SESSION", None)

    def client(self) -> Any:
        """Return AWS's own client of it."""
        import boto3  # noqa: PLC0415 - skipped where it is missing

        return boto3.session.Session().client("kms", endpoint_url=self.url)

    def make_key(self, spec: str, alias: str) -> str:
        """Make a key that signs, and return its name as shipseal has it."""
        client = self.client()
        made = client.create_key(KeyUsage="SIGN_VERIFY", KeySpec=spec)["KeyMetadata"]["KeyId"]
        client.create_alias(AliasName=f"alias/{alias}", TargetKeyId=made)
        return f"awskms:///alias/{alias}"


@contextmanager
def aws_kms() -> Iterator[AwsKms]:
    """Run the server; skips the test where moto is not installed."""
    try:
        import boto3  # noqa: F401, PLC0415
        import moto.server  # noqa: F401, PLC0415
    except ImportError:
        missing("moto and boto3 are not installed: install requirements/dev.txt")
    command = [sys.executable, "-u", str(_SERVER), "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        found = next(filter(None, map(_ADDRESS.search, lines)), None)
        assert found, "moto's server said nothing"
        yield AwsKms(found[1], process)
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()
