"""The commands for cosign and gh that a verification prints can be run as they stand."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.sigstack.stack import SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import FixedTokens
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.trust_root import parse_trust_root
from shipseal.attest.web import Patience, Web
from shipseal.cli.main import main
from shipseal.cli.root_words import RootWords, root_words
from shipseal.errors import Exit
from shipseal.intoto.predicates import Family
from shipseal.oci import digest_of
from shipseal.registry.interface import Target
from shipseal.verify.equivalent import Identified, gh_commands
from shipseal.verify.verdict import ItemCheck, Standing, Verdict
from tests.support.evidence import Recipe, make_pieces, push_image, put_pieces, sample_image
from tests.support.instance import FakeInstance
from tests.support.registries import referrers_registry
from tests.support.targets import open_repository
from tests.support.tools import need

Asked = Callable[..., str]
ROOTS = Path("some roots.jsonl")


def words(raw: bytes) -> RootWords:
    return root_words(ROOTS, parse_trust_root(raw, what="roots"))


def test_the_public_root_is_known_to_both() -> None:
    assert root_words(None, None) == RootWords(((),), ())


def test_a_root_in_one_line_is_named_as_it_is() -> None:
    raw = FakeInstance().trust_root().raw
    one_line = b" ".join(raw.split())
    assert words(one_line).gh == ("--custom-trusted-root", "some roots.jsonl")
    assert words(one_line).cosign == (("--trusted-root", "some roots.jsonl"),)


def test_gh_gets_a_root_that_fills_several_lines_as_one() -> None:
    raw = FakeInstance().trust_root().raw.replace(b"{", b"{\n", 1)
    told = words(raw)
    assert told.cosign == (("--trusted-root", "some roots.jsonl"),)
    assert told.gh[1] == "<(jq -c . 'some roots.jsonl')"


def test_cosign_gets_each_of_several_roots_alone_and_hears_what_it_lacks() -> None:
    public, github = FakeInstance("sigstore.dev"), FakeInstance("GitHub, Inc.")
    lines = [b" ".join(one.trust_root().raw.split()) for one in (public, github)]
    told = words(lines[0] + b"\n\n" + lines[1] + b"\n")
    assert told.cosign == (
        ("--trusted-root", "<(sed -n 1p 'some roots.jsonl')"),
        (
            "--private-infrastructure=true", "--insecure-ignore-sct=true",
            "--trusted-root", "<(sed -n 3p 'some roots.jsonl')",
        ),
    )  # fmt: skip


def test_what_a_shell_reads_stands_unquoted_and_all_else_does_not() -> None:
    subject = digest_of(b"an image")
    check = ItemCheck(subject, "index", "registry.test/app", Family.SEAL, Standing.PRESENT)
    told = words(FakeInstance().trust_root().raw.replace(b"{", b"{\n", 1))
    who = [Identified((), ("--repo", "org/app", "--cert-identity", "a b", *told.gh))]
    (command,) = gh_commands("registry.test/app", who, Verdict(subject, (check,)))
    assert command.endswith(
        "--cert-identity 'a b' --custom-trusted-root <(jq -c . 'some roots.jsonl')"
    )


def sealed_at(target: Target, stack: SigstoreStack, folder: Path) -> None:
    """Put an image with all its evidence, signed keyless, at a target."""
    sample, image = sample_image(folder / "image")
    clock = SystemClock()
    instance = instance_from_files(stack.files.client_config, None, now=clock.now())
    web = Web(clock, Patience(answer=5.0, deadline=10.0))
    signer = KeylessSigner(
        instance, FixedTokens(stack.issuer.job_token(), "test", clock), web, clock
    )
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, make_pieces(image, signer, Recipe(finished=clock.now())))
    web.close()


def printed(text: str, tool: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith(f"  {tool} ")]


def succeeds(command: str, folder: Path) -> bool:
    tools = {str(need(name).parent) for name in ("cosign", "gh", "jq")}
    env = {
        "PATH": ":".join([*sorted(tools), "/usr/bin", "/bin"]),
        "HOME": str(folder),
        "GH_TOKEN": "token-of-a-test",
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


@pytest.fixture
def asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Asked:
    def ask(stack: SigstoreStack, roots: bytes, *more: str) -> str:
        (tmp_path / "roots.json").write_bytes(roots)
        with referrers_registry(tmp_path / "registry") as registry:
            target = open_repository(registry, "org/app")
            sealed_at(target, stack, tmp_path)
            monkeypatch.chdir(tmp_path)
            who = ("--repo", stack.issuer.job.repository, "--cert-oidc-issuer", stack.issuer.url)
            words = ("verify", f"{target.name}:1.2.3", *who, "--trusted-root", "roots.json", *more)
            assert main(words) == Exit.OK
            text = capsys.readouterr().out
            theirs, ours = printed(text, "gh"), printed(text, "cosign")
            refused = [one for one in theirs if not succeeds(one, tmp_path)]
            assert refused == []
            target.close()
            # Of the commands that differ in the instance alone, one suffices.
            kinds = {one.rpartition("--type ")[2] for one in ours if succeeds(one, tmp_path)}
            assert kinds == {one.rpartition("--type ")[2] for one in ours}
        return text

    return ask


@pytest.mark.tools
def test_cosign_and_gh_accept_by_the_commands_as_they_are_printed(
    asked: Asked, sigstack: SigstoreStack
) -> None:
    """The root is in several lines, as Sigstore's repositories hold it."""
    text = asked(sigstack, sigstack.files.trusted_root.read_bytes())
    assert (len(printed(text, "cosign")), len(printed(text, "gh"))) == (4, 4)
    assert "(--explain prints them for each platform, too)" in text
    assert text.splitlines()[-1] == "verified: all 12 required items"


@pytest.mark.tools
def test_so_they_do_for_an_instance_as_githubs_among_several(
    asked: Asked, sigstack: SigstoreStack, github_sigstack: SigstoreStack
) -> None:
    """One root a line, as ``gh attestation trusted-root`` prints them."""
    both = [one.files.trusted_root_lines.read_bytes() for one in (sigstack, github_sigstack)]
    text = asked(github_sigstack, b"".join(both), "--explain")
    assert (len(printed(text, "cosign")), len(printed(text, "gh"))) == (24, 12)
    assert "one of those for the same kind suffices" in text
