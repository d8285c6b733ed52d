"""Evidence that is missing, altered, of somebody else, or about something else: cosign and gh."""

import json
from pathlib import Path

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import with_referrers
from scripts.sigstack.stack import SigstoreStack
from tests.support.sigstack import stack_programs

MISSING, INVALID = "attest.missing", "attest.invalid"
IDENTITY, SUBJECT = "attest.identity-mismatch", "attest.wrong-subject"
_PREDICATE = {
    "buildDefinition": {"buildType": "https://example.org/build", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://example.org/builder"}},
}
_SHIPSEAL = (
    'shipseal verify bundle app.sigstore.json --artifact app.tar --trusted-root "$ROOT" '
    '--certificate-oidc-issuer "$ISSUER"'
)
_GH_TRUST = '--custom-trusted-root "$ROOT_LINES" --cert-oidc-issuer "$ISSUER"'
SIGNER = "https://github.com/octo-org/demo/.github/workflows/release.yml@refs/heads/main"


def stack(scene: Scene) -> SigstoreStack:
    """Run a private Sigstore instance; scripts find its files and a token by the names here."""
    made = scene.enter_context(SigstoreStack(scene.folder / "sigstore", stack_programs()))
    token = scene.folder / "token"
    token.write_text(made.issuer.job_token(), "utf-8")
    scene.environment |= {
        "ROOT": str(made.files.trusted_root),
        "ROOT_LINES": str(made.files.trusted_root_lines),
        "SIGNING": str(made.files.signing_config),
        "TOKEN": str(token),
        "ISSUER": made.issuer.url,
        "SIGNER": SIGNER,
        "COSIGN_PASSWORD": "",
        "COSIGN_YES": "true",
        "NO_PROXY": "*",
    }
    return made


def keys(scene: Scene) -> None:
    """Make two pairs of keys for cosign."""
    scene.setup(
        "cosign generate-key-pair; cosign generate-key-pair --output-key-prefix other",
        COSIGN_PASSWORD="",
    )


def signed(scene: Scene, *, keyless: bool = False) -> str:
    """Run an instance and a registry, sign the sample image there, and return its reference by digest."""
    stack(scene)
    host = with_referrers(scene).host
    digest = scene.setup(f"crane digest {host}/org/app:1.4.2").strip()
    name = f"{host}/org/app@{digest}"
    who = '--identity-token "$TOKEN"' if keyless else "--key cosign.key"
    if not keyless:
        keys(scene)
    scene.setup(f'cosign sign {who} --signing-config "$SIGNING" --trusted-root "$ROOT" {name}')
    return name


def attested(scene: Scene) -> Path:
    """Run an instance and make a keyless bundle about the file app.tar; returns the bundle."""
    stack(scene)
    scene.file("app.tar", "the released bytes\n")
    scene.file("predicate.json", json.dumps(_PREDICATE))
    scene.setup(
        "cosign attest-blob --predicate predicate.json --type slsaprovenance1 --bundle app.sigstore.json "
        '--identity-token "$TOKEN" --signing-config "$SIGNING" --trusted-root "$ROOT" app.tar'
    )
    return scene.work / "app.sigstore.json"


def check(identity: str = "$SIGNER", issuer: str = "$ISSUER") -> str:
    """Return the command line that verifies the bundle with cosign."""
    return (
        'cosign verify-blob-attestation --bundle app.sigstore.json --trusted-root "$ROOT" --type slsaprovenance1 '
        f'--certificate-identity "{identity}" --certificate-oidc-issuer "{issuer}" app.tar'
    )


def gh_check(repository: str) -> str:
    """Return the command line that verifies the bundle with gh."""
    return (
        f"gh attestation verify app.tar --bundle app.sigstore.json --repo {repository} {_GH_TRUST}"
    )


@rules(MISSING, "cosign", live=True)
def cosign_no_signatures(scene: Scene) -> None:
    """Verify with cosign an image that nobody signed."""
    host = with_referrers(scene).host
    keys(scene)
    scene.step(f"cosign verify --key cosign.pub --insecure-ignore-tlog {host}/org/app:1.4.2")


@held(MISSING, "cosign", style=Style.ACTIONS)
def cosign_no_attestations(scene: Scene) -> None:
    """Verify with cosign the provenance of an image that nobody attested, by identity."""
    stack(scene)
    host = with_referrers(scene).host
    scene.step(
        'cosign verify-attestation --type slsaprovenance1 --trusted-root "$ROOT" --certificate-identity "$SIGNER" '
        f'--certificate-oidc-issuer "$ISSUER" {host}/org/app:1.4.2'
    )


@held(MISSING, "cosign", also=(INVALID,))
def cosign_other_type(scene: Scene) -> None:
    """Verify with cosign an SBOM of an image that has only a signature."""
    name = signed(scene)
    scene.step(
        f'cosign verify-attestation --key cosign.pub --type spdxjson --trusted-root "$ROOT" {name}'
    )


@rules(MISSING, "gh", style=Style.ACTIONS)
def gh_no_attestation(scene: Scene) -> None:
    """Verify with gh a file that GitHub has no attestation of."""
    stack(scene)
    github(scene)
    scene.file("app.tar", "the released bytes\n")
    scene.step(f"gh attestation verify app.tar --repo octo-org/demo {_GH_TRUST}", GH_TOKEN="x")  # noqa: S106 - any text will do


@held(MISSING, "gh")
def gh_no_referrers(scene: Scene) -> None:
    """Verify with gh an image that has no attestation beside it."""
    stack(scene)
    host = with_referrers(scene).host
    image = f"oci://{host}/org/app:1.4.2"
    scene.step(
        f"gh attestation verify {image} --bundle-from-oci --repo octo-org/demo {_GH_TRUST}",
        GH_TOKEN="x",  # noqa: S106 - any text will do
    )


def github(scene: Scene) -> None:
    """Run a server that stands for GitHub; the script's gh asks it."""
    from shipseal.testing.github_server import GitHubServer  # noqa: PLC0415

    server = scene.enter_context(GitHubServer(repositories=["octo-org/demo"], folder=scene.folder))
    scene.environment["GH_CONFIG_DIR"] = str(server.gh_folder(scene.folder / "gh"))


@rules(INVALID, "cosign", live=True, also=(IDENTITY,))
def cosign_other_key(scene: Scene) -> None:
    """Verify with cosign an image with another key than the one that signed it."""
    name = signed(scene)
    scene.step(f'cosign verify --key other.pub --trusted-root "$ROOT" {name}')


@rules(INVALID, "cosign")
def cosign_altered_signature(scene: Scene) -> None:
    """Verify with cosign a bundle whose signature was altered."""
    path = attested(scene)
    bundle = json.loads(path.read_text())
    one = bundle["dsseEnvelope"]["signatures"][0]
    one["sig"] = one["sig"][:-12] + "AAAAAAAAAAA="
    path.write_text(json.dumps(bundle))
    scene.step(check())


@held(INVALID, "cosign", style=Style.ACTIONS)
def cosign_altered_payload(scene: Scene) -> None:
    """Verify with cosign a bundle whose statement was altered."""
    from base64 import b64decode, b64encode  # noqa: PLC0415

    path = attested(scene)
    bundle = json.loads(path.read_text())
    statement = b64decode(bundle["dsseEnvelope"]["payload"]).replace(
        b"example.org/builder", b"example.org/mallory"
    )
    bundle["dsseEnvelope"]["payload"] = b64encode(statement).decode()
    path.write_text(json.dumps(bundle))
    scene.step(check())


@held(INVALID, "shipseal")
def shipseal_broken_bundle(scene: Scene) -> None:
    """Verify with shipseal a bundle that was cut off."""
    path = attested(scene)
    path.write_bytes(path.read_bytes()[:900])
    scene.step(f"{_SHIPSEAL} --repo octo-org/demo")


@held(INVALID, "cosign", also=(IDENTITY,))
def cosign_blob_other_key(scene: Scene) -> None:
    """Verify with cosign a signed file with another key than the one that signed it."""
    stack(scene)
    keys(scene)
    scene.file("checksums.txt", "abc  app.tar\n")
    scene.setup(
        'cosign sign-blob --key cosign.key --bundle checksums.json --signing-config "$SIGNING" '
        '--trusted-root "$ROOT" checksums.txt'
    )
    scene.step(
        'cosign verify-blob --key other.pub --bundle checksums.json --trusted-root "$ROOT" checksums.txt'
    )


@rules(IDENTITY, "cosign", live=True)
def cosign_other_workflow(scene: Scene) -> None:
    """Verify with cosign an image for another workflow than the one that signed it."""
    name = signed(scene, keyless=True)
    other = "https://github.com/octo-org/demo/.github/workflows/build.yml@refs/tags/v1"
    scene.step(
        f'cosign verify --trusted-root "$ROOT" --certificate-identity {other} '
        f'--certificate-oidc-issuer "$ISSUER" {name}'
    )


@held(IDENTITY, "cosign", style=Style.ACTIONS)
def cosign_other_issuer(scene: Scene) -> None:
    """Verify with cosign a bundle for another issuer than the one that vouched."""
    attested(scene)
    scene.step(check(issuer="https://token.actions.githubusercontent.com"))


@rules(INVALID, "gh", also=(IDENTITY,))
def gh_other_repository(scene: Scene) -> None:
    """Verify with gh a bundle for another repository than the one that signed it."""
    attested(scene)
    scene.step(gh_check("octo-org/website"))


@rules(IDENTITY, "shipseal")
def shipseal_bundle_other_repository(scene: Scene) -> None:
    """Verify with shipseal a bundle for another repository than the one that signed it."""
    attested(scene)
    scene.step(f"{_SHIPSEAL} --repo octo-org/website")


@rules(SUBJECT, "cosign", live=True)
def cosign_other_file(scene: Scene) -> None:
    """Verify with cosign another file than the one that the bundle is about."""
    attested(scene)
    scene.file("app.tar", "other bytes\n")
    scene.step(check())


@held(INVALID, "gh", also=(SUBJECT,), style=Style.ACTIONS)
def gh_other_file(scene: Scene) -> None:
    """Verify with gh another file than the one that the bundle is about."""
    attested(scene)
    scene.file("app.tar", "other bytes\n")
    scene.step(gh_check("octo-org/demo"))


@held(SUBJECT, "shipseal")
def shipseal_bundle_other_file(scene: Scene) -> None:
    """Verify with shipseal another file than the one that the bundle is about."""
    attested(scene)
    scene.file("app.tar", "other bytes\n")
    scene.step(f"{_SHIPSEAL} --repo octo-org/demo")
