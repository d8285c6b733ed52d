"""`shipseal key`: make a signing key, and show the public half of one."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import print_json, say, tell
from shipseal.errors import ConfigError

if TYPE_CHECKING:
    from shipseal.attest.keys import PublicKey

app = typer.Typer(help="Create and inspect signing keys.", no_args_is_help=True)

OutOption = Annotated[
    Path,
    typer.Option("--out", "-o", help="Write OUT.key and OUT.pub; nothing is overwritten."),
]
_GENERATE = (
    "Make an ECDSA P-256 key pair in cosign's form, encrypted. The password is SHIPSEAL_KEY_PASSWORD, else "
    "COSIGN_PASSWORD, else asked for on the terminal."
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(help=_GENERATE)
def generate(*, out: OutOption = Path("cosign"), as_json: JsonOption = False) -> None:
    """Make an ECDSA P-256 key pair in cosign's form, encrypted.

    The password is SHIPSEAL_KEY_PASSWORD, else COSIGN_PASSWORD, else asked for on the terminal.

    Raises:
        ConfigError: ``--out`` is no file name, or one of the files is there already.
    """
    from shipseal.attest.key_files import (  # noqa: PLC0415 - cryptography only when it is needed
        environment_password,
        write_key_pair,
    )
    from shipseal.attest.keys import LocalKey  # noqa: PLC0415
    from shipseal.cli.passwords import ask_new_password  # noqa: PLC0415

    if not out.name:
        raise ConfigError(
            f"--out {out}: this is no file name", hint="write for example --out cosign"
        )
    password = environment_password(os.environ)
    key = LocalKey.generate()
    private, public = write_key_pair(key, out, ask_new_password() if password is None else password)
    if as_json:
        print_json({"key": str(private), "public": str(public), "id": key.public.key_id})
        return
    say(f"private key  {private}  (encrypted; keep it secret)")
    say(f"public key   {public}  (give it to whoever verifies)")
    say(f"id           {key.public.key_id}")


@app.command()
def public(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Private or public key file, or a key's name in a service: awskms:///alias/NAME, hsm:2?label=TOKEN.",
        ),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print the public half of a key, as in a .pub file."""
    half = _public_half(key)
    if as_json:
        print_json({"public": half.pem().decode(), "id": half.key_id})
        return
    sys.stdout.write(half.pem().decode())
    tell(f"id {half.key_id}")


def _public_half(key: str) -> "PublicKey":
    from shipseal._internal.kms_names import is_kms_name  # noqa: PLC0415 - as above
    from shipseal.attest.key_files import (  # noqa: PLC0415
        environment_password,
        load_private_key,
        load_public_key,
        read_key_file,
    )
    from shipseal.cli.passwords import ask_password  # noqa: PLC0415

    def password() -> str | None:
        found = environment_password(os.environ)
        return ask_password() if found is None else found

    if is_kms_name(key):
        from shipseal.attest.kms_key import open_kms_key  # noqa: PLC0415 - only for key services

        return open_kms_key(key, pin=password).public
    raw = read_key_file(Path(key))
    if b"PRIVATE KEY-----" in raw:
        return load_private_key(raw, what=key, password=password).public
    return load_public_key(raw, what=key)
