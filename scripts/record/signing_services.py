"""Signing where Sigstore, GitHub or the job's own rights stand in the way."""

from scripts.record.case import Style, held, rules
from scripts.record.network import answering
from scripts.record.scene import Scene
from scripts.record.signatures import keys, stack
from shipseal.testing.http_server import Exchange, HttpServer

OIDC, OUTAGE, NETWORK = "auth.oidc-permission", "service.outage", "network.unreachable"
CONFLICT = "attest.conflict"
_JSON = {"Content-Type": "application/json"}
_EQUIVALENT = b'{"code":409,"message":"an equivalent entry already exists in the transparency log with UUID 24296fb2"}'
_SIGN = (
    'cosign sign-blob --bundle app.sigstore.json --identity-token "$TOKEN" --signing-config "$SIGNING" '
    '--trusted-root "$ROOT" app.tar'
)


def _file(scene: Scene) -> None:
    scene.file("app.tar", "the released bytes\n")


def _put_before(scene: Scene, url: str, status: int, body: bytes) -> None:
    """Let the signing configuration name a server that only fails in the place of ``url``."""
    from pathlib import Path  # noqa: PLC0415

    path = Path(scene.environment["SIGNING"])
    host = answering(scene, status, body)
    path.write_text(path.read_text().replace(url, f"http://{host}"))


@held(OUTAGE, "cosign", also=("unknown",), style=Style.ACTIONS)
def cosign_fulcio_503(scene: Scene) -> None:
    """Sign with cosign while the certificate authority answers 503."""
    made = stack(scene)
    _file(scene)
    _put_before(scene, made.fulcio.url, 503, b"upstream request timeout")
    scene.step(_SIGN)


@rules(OUTAGE, "cosign", also=(NETWORK,), style=Style.ACTIONS)
def cosign_rekor_stopped(scene: Scene) -> None:
    """Sign with cosign while the transparency log does not run."""
    made = stack(scene)
    _file(scene)
    made.rekor.stop()
    scene.step(_SIGN)


@rules(OUTAGE, "cosign", live=True)
def cosign_rekor_500(scene: Scene) -> None:
    """Sign with cosign while the transparency log answers 500."""
    made = stack(scene)
    _file(scene)
    _put_before(scene, made.rekor.url, 500, b'{"code":13,"message":"internal"}')
    scene.step(_SIGN)


@held(OUTAGE, "cosign", also=(NETWORK,))
def cosign_timestamps_stopped(scene: Scene) -> None:
    """Sign with cosign while the timestamp authority does not run."""
    made = stack(scene)
    _file(scene)
    made.timestamps.stop()
    scene.step(_SIGN)


@held(OUTAGE, "sigstore", also=(NETWORK,))
def sigstore_python_fulcio_stopped(scene: Scene) -> None:
    """Sign with sigstore-python while the certificate authority does not run."""
    made = stack(scene)
    _file(scene)
    made.fulcio.stop()
    scene.environment["CONFIG"] = str(made.files.client_config)
    scene.step('sigstore --trust-config "$CONFIG" sign --identity-token "$(cat "$TOKEN")" app.tar')


@held(OUTAGE, "cosign", style=Style.ACTIONS, also=(NETWORK,))
def cosign_fulcio_slow(scene: Scene) -> None:
    """Sign with cosign while the certificate authority takes a connection and never answers."""
    import threading  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    made = stack(scene)
    _file(scene)
    done = threading.Event()

    def respond(exchange: Exchange) -> None:
        done.wait(20)
        exchange.drop()

    server = scene.enter_context(HttpServer(respond))
    scene.callback(done.set)
    path = Path(scene.environment["SIGNING"])
    path.write_text(path.read_text().replace(made.fulcio.url, server.url))
    scene.step(f"{_SIGN} --timeout 2s")


@rules(OIDC, "cosign", also=("attest.identity-mismatch", "attest.invalid"))
def cosign_wrong_audience(scene: Scene) -> None:
    """Sign with cosign with a token that is for another service than Sigstore."""
    from pathlib import Path  # noqa: PLC0415

    made = stack(scene)
    _file(scene)
    token = made.issuer.token(made.issuer.job.stated(), audience="https://github.com/octo-org")
    Path(scene.environment["TOKEN"]).write_text(token)
    scene.step(_SIGN)


@held(OIDC, "sigstore", style=Style.ACTIONS)
def sigstore_python_no_permission(scene: Scene) -> None:
    """Sign with sigstore-python in a job of GitHub Actions that may not have an identity token."""
    made = stack(scene)
    _file(scene)
    scene.environment["CONFIG"] = str(made.files.client_config)
    scene.step('sigstore --trust-config "$CONFIG" sign app.tar', GITHUB_ACTIONS="true")


@rules(CONFLICT, "cosign", live=True)
def cosign_equivalent_entry(scene: Scene) -> None:
    """Sign with cosign and a log that says 409: it has an equivalent entry."""
    keys(scene)
    _file(scene)
    host = answering(scene, 409, _EQUIVALENT, **_JSON)
    scene.step(
        "cosign sign-blob --yes --key cosign.key --use-signing-config=false "
        f"--rekor-url http://{host} --bundle b.json app.tar",
        COSIGN_PASSWORD="",
    )


@held(CONFLICT, "curl", style=Style.ACTIONS)
def curl_equivalent_entry(scene: Scene) -> None:
    """Send with curl an entry to a log that says 409: it has an equivalent one."""
    scene.file("entry.json", "{}")
    host = answering(scene, 409, _EQUIVALENT, **_JSON)
    url = f"http://{host}/api/v1/log/entries"
    scene.step(
        f"curl -sS --fail-with-body -H 'Content-Type: application/json' -d @entry.json {url}"
    )


@held(CONFLICT, "gh", also=("github.refused",))
def gh_release_conflict(scene: Scene) -> None:
    """Store an attestation with gh at a GitHub that has it already (409)."""
    from shipseal.testing.github_server import GitHubServer, Refusal  # noqa: PLC0415

    github = scene.enter_context(GitHubServer(repositories=["octo-org/demo"], folder=scene.folder))
    github.quirks.refuse = [Refusal(409, "Attestation already exists")] * 5
    scene.environment["GH_CONFIG_DIR"] = str(github.gh_folder(scene.folder / "gh"))
    scene.file("body.json", '{"bundle": {}}')
    scene.step("gh api repos/octo-org/demo/attestations --input body.json", GH_TOKEN="x")  # noqa: S106 - any text will do


_NOT_AUTHORIZED = (
    b'{"__type":"AccessDeniedException","message":"User: arn:aws:iam::123456789012:user/ci is not authorized to '
    b"perform: kms:GetPublicKey on resource: arn:aws:kms:eu-west-1:123456789012:key/release"
    b" because no identity-based policy "
    b'allows it"}'
)
_AWS = {
    "AWS_ACCESS_KEY_ID": "ci", "AWS_SECRET_ACCESS_KEY": "ci", "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


@rules("auth.key-denied", "shipseal", live=True)
def shipseal_kms_denied(scene: Scene) -> None:
    """Release with a key of a service that does not let this account sign, in the words of AWS KMS."""
    from scripts.record.releases import project  # noqa: PLC0415

    host = answering(
        scene,
        400,
        _NOT_AUTHORIZED,
        **{"Content-Type": "application/x-amz-json-1.1"},
    )
    project(scene, sign={"mode": "key", "key": "awskms:///alias/release"})
    scene.environment |= _AWS | {"AWS_ENDPOINT_URL": f"http://{host}"}
    scene.step("shipseal release --version 1.4.2")


@held("auth.key-denied", "cosign", style=Style.ACTIONS)
def cosign_kms_denied(scene: Scene) -> None:
    """Sign with cosign and a key of a service that does not let this account sign, in the words of AWS KMS."""
    host = answering(
        scene,
        400,
        _NOT_AUTHORIZED,
        **{"Content-Type": "application/x-amz-json-1.1"},
    )
    _file(scene)
    stack(scene)
    scene.environment |= _AWS
    scene.step(
        "cosign sign-blob --key awskms:///alias/release --bundle b.json "
        '--signing-config "$SIGNING" --trusted-root "$ROOT" app.tar',
        AWS_ENDPOINT_URL=f"http://{host}",
    )
