"""Reading shipseal.yaml: what it means, what overrides it, and what is said when it is wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shipseal.config.build_model import BuildxBuild, LayersBuild, PrebuiltBuild
from shipseal.config.load import LoadedConfig, load, load_policy
from shipseal.config.problems import ConfigProblems, Problem
from shipseal.errors import Code, ConfigError, Exit
from shipseal.oci import digest_of

SMALLEST = """\
image: app
platforms: [linux/amd64, linux/arm64]
build: {builder: prebuilt, layout: ./image}
targets: ["127.0.0.1:5001/app", "127.0.0.1:5002/app"]
tags: ["{version}", latest]
sign: {mode: key, key: ./cosign.key}     # password: SHIPSEAL_KEY_PASSWORD, else COSIGN_PASSWORD, else asked
sbom: {syft: syft}                       # which binary
scan: {engine: auto}                     # auto | grype | builtin
gate: {fail_on: critical}                # … | none
"""
MINIMUM = "image: app\nbuild: {builder: prebuilt, layout: i}\ntargets: [ghcr.io/org/app]\n"

Load = Callable[..., LoadedConfig]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Write a file and load it."""

    def load_text(
        text: str,
        env: Mapping[str, str] | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> LoadedConfig:
        folder = tmp_path / "repository"
        folder.mkdir(exist_ok=True)
        (folder / "shipseal.yaml").write_text(text)
        return load(
            folder / "shipseal.yaml", env=env or {}, overrides=overrides or {}, cwd=tmp_path
        )

    return load_text


@pytest.fixture
def problems(read: Load) -> Callable[..., tuple[Problem, ...]]:
    """Load what is wrong and return what is said about it."""

    def problems_of(text: str, env: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        with pytest.raises(ConfigProblems) as caught:
            read(text, env)
        assert caught.value.code in (Code.CONFIG_INVALID, Code.POLICY_EMPTY)
        assert caught.value.exit == 64
        return caught.value.problems

    return problems_of


Problems = Callable[..., tuple[Problem, ...]]


def test_the_smallest_useful_file(read: Load, tmp_path: Path) -> None:
    loaded = read(SMALLEST)
    config, folder = loaded.config, tmp_path / "repository"
    assert config.image == "app"
    assert config.platforms == ("linux/amd64", "linux/arm64")
    assert config.build == PrebuiltBuild(builder="prebuilt", layout=folder / "image")
    assert config.targets == ("127.0.0.1:5001/app", "127.0.0.1:5002/app")
    assert [(tag.tag, tag.move) for tag in config.tags] == [("{version}", None), ("latest", None)]
    assert config.sign.key == folder / "cosign.key"
    assert (config.sbom.syft, config.scan.engine, config.gate.fail_on) == (
        "syft",
        "auto",
        "critical",
    )
    assert loaded.digest == digest_of(SMALLEST.encode())
    assert loaded.folder == folder


def test_defaults(read: Load) -> None:
    config = read(MINIMUM).config
    assert (config.version, config.source, config.platforms, config.tags) == (None, None, (), ())
    assert (config.gate.fail_on, config.gate.fixable_only) == ("critical", False)
    assert (config.scan.engine, config.scan.max_age) == ("auto", 5 * 86400)
    assert config.verify.require == ("provenance", "sbom", "scan", "seal")
    assert (config.verify.platforms, config.verify.scan_max_age) == ((), None)
    assert (config.timeouts.build, config.timeouts.retry_deadline) == (3600, 120)
    assert config.sbom.fit == "portable"


def test_normal_forms(read: Load, tmp_path: Path) -> None:
    text = MINIMUM.replace("ghcr.io/org/app", "org/app, 'oci:./out', '[::1]:5000/x'")
    loaded = read(f"{text}platforms: [linux/x86_64, linux/arm64/v8]\n")
    assert loaded.config.targets == (
        "docker.io/org/app",
        f"oci:{tmp_path}/repository/out",
        "[::1]:5000/x",
    )
    assert loaded.config.platforms == ("linux/amd64", "linux/arm64")


def test_hosts_of_registries_have_one_name(read: Load) -> None:
    loaded = read(
        MINIMUM + "registries: {index.docker.io: {ca: ca.pem}, 'Host.example:5000': {}}\n"
    )
    assert set(loaded.config.registries) == {"docker.io", "host.example:5000"}


def test_the_layers_builder(read: Load, tmp_path: Path) -> None:
    loaded = read(
        """\
image: app
targets: [ghcr.io/org/app]
build:
  builder: layers
  layers:
    - files: {dist: /app, ./etc/app.conf: /etc/app.conf}
    - platform: linux/aarch64
      files:
        - {from: build/arm64/tool, to: /usr/bin/tool, mode: "0755", owner: "1000:1000"}
  entrypoint: [/app/server, --port, "8080"]
  env: {PORT: 8080, LANG: C.UTF-8}
  ports: [8080, 53/udp]
  user: 1000
"""
    )
    build, folder = loaded.config.build, tmp_path / "repository"
    assert isinstance(build, LayersBuild)
    first, second = build.layers
    assert [(entry.from_, entry.to) for entry in first.files] == [
        (folder / "dist", "/app"),
        (folder / "etc/app.conf", "/etc/app.conf"),
    ]
    assert (second.platform, second.files[0].mode) == ("linux/arm64", "0755")
    assert build.env == {"PORT": "8080", "LANG": "C.UTF-8"}
    assert (build.ports, build.user, build.base) == (("8080", "53/udp"), "1000", "scratch")
    assert build.cmd is None


def test_the_builders_of_dockerfiles(read: Load, tmp_path: Path) -> None:
    text = MINIMUM.replace(
        "{builder: prebuilt, layout: i}",
        "{builder: buildx, args: {A: 1}, secrets: {npm: {env: NPM_TOKEN}}, cache: {from: [type=gha]}}",
    )
    build = read(text).config.build
    assert isinstance(build, BuildxBuild)
    assert build.context == tmp_path / "repository"
    assert (build.args, build.secrets["npm"].env) == ({"A": "1"}, "NPM_TOKEN")
    assert build.cache.from_ == ("type=gha",)


def test_a_section_without_anything_in_it_is_not_written(read: Load) -> None:
    config = read(MINIMUM + "gate:\n  # fail_on: high\ntags:\nregistries:\n").config
    assert (config.gate.fail_on, config.tags, config.registries) == ("critical", (), {})


# What overrides what.


def test_the_command_line_wins_over_the_environment_over_the_file(read: Load) -> None:
    text = MINIMUM + "gate: {fail_on: high}\nscan: {engine: grype}\nversion: '1'\n"
    env = {"SHIPSEAL_GATE_FAIL_ON": "low", "SHIPSEAL_SCAN_ENGINE": "builtin"}
    loaded = read(text, env, {"gate.fail_on": "none", "version": None})
    assert loaded.config.gate.fail_on == "none"
    assert loaded.config.scan.engine == "builtin"
    assert loaded.config.version == "1"
    assert loaded.sources["gate.fail_on"] == "command line"
    assert loaded.sources["scan.engine"] == "SHIPSEAL_SCAN_ENGINE"
    assert loaded.sources["version"] == "shipseal.yaml:6"


def test_a_list_is_replaced_as_a_whole(read: Load) -> None:
    loaded = read(MINIMUM + "tags: [a, b, c]\n", {"SHIPSEAL_TAGS": " {version} , latest, "})
    assert [tag.tag for tag in loaded.config.tags] == ["{version}", "latest"]
    assert {key for key in loaded.sources if key.startswith("tags")} == {"tags"}


def test_a_section_that_is_not_written_can_be_set(read: Load) -> None:
    loaded = read(
        MINIMUM,
        {
            "SHIPSEAL_LIMITS_PARALLEL": "2",
            "SHIPSEAL_TIMEOUTS_BUILD": "5m",
            "SHIPSEAL_SBOM_KEEP_NATIVE": "false",
            "SHIPSEAL_SBOM_FIT": "16777216",
            "SHIPSEAL_VERIFY_PLATFORMS": "all",
            "SHIPSEAL_SCAN_MAX_AGE": "none",
        },
    ).config
    assert (loaded.limits.parallel, loaded.timeouts.build) == (2, 300)
    assert (loaded.sbom.keep_native, loaded.sbom.fit) == (False, 16777216)
    assert (loaded.verify.platforms, loaded.scan.max_age) == ((), None)


def test_paths_from_outside_the_file_are_relative_to_the_current_folder(
    read: Load, tmp_path: Path
) -> None:
    env = {"SHIPSEAL_SIGN_KEY": "k/a.key", "SHIPSEAL_TARGETS": "oci:out,ghcr.io/org/app"}
    config = read(MINIMUM, env, {"scan.database": Path("db"), "sbom.syft": "./syft"}).config
    assert config.sign.key == tmp_path / "k/a.key"
    assert config.targets == (f"oci:{tmp_path}/out", "ghcr.io/org/app")
    assert config.scan.database == tmp_path / "db"
    assert config.sbom.syft == str(tmp_path / "syft")


def test_an_empty_variable_is_not_set(read: Load) -> None:
    assert read(MINIMUM, {"SHIPSEAL_VERSION": "", "SHIPSEAL_TAGS": " "}).config.version is None


def test_reserved_variables_are_no_keys(read: Load) -> None:
    names = ("STATE", "CACHE", "DB", "STORE", "KEY_PASSWORD", "DEBUG", "REQUIRE_ALL")
    env = {f"SHIPSEAL_{name}": "x" for name in names} | {
        "SHIPSEALX": "x",
        "_SHIPSEAL_COMPLETE": "x",
    }
    assert read(MINIMUM, env).config.image == "app"


def test_an_option_that_is_no_key_is_a_defect_of_the_command(read: Load) -> None:
    with pytest.raises(KeyError, match=r"gate\.fail"):
        read(MINIMUM, {}, {"gate.fail": "x"})


# What is said when it is wrong.


@pytest.mark.parametrize(
    ("line", "key", "message", "hint"),
    [
        ("verison: '1'", "verison", "unknown key", "did you mean version?"),
        ("fail_on: high", "fail_on", "unknown key", "did you mean gate.fail_on?"),
        ("zzz: 1", "zzz", "unknown key", "known here: image, version"),
        ("version: 1.10", "version", "expected a text, got the number 1.10", 'in quotes: "1.10"'),
        ("version: 2", "version", "expected a text, got the number 2", 'in quotes: "2"'),
        ("version: true", "version", "expected a text, got true", "in quotes"),
        ("version:", "version", "has no value", "remove the line"),
        ("version: 'a b'", "version", "'a b' has not the form", "Version to release"),
        ("gate: {fail_on: critcal}", "gate.fail_on", "expected one of critical, high, medium", "critical?"),
        ("gate: high", "gate", "expected a mapping of keys to values, got 'high'", ""),
        ("gate: {unknown: }", "gate.unknown", "has no value", "default"),
        ("platforms: linux/amd64", "platforms", "expected a list, got 'linux/amd64'", "list of platform"),
        ("platforms: [linux]", "platforms[0]", "expected a platform such as linux/amd64", ""),
        ("platforms: [unknown/unknown]", "platforms[0]", "no platform that an image can have", ""),
        ("platforms: [linux/amd64, linux/x86_64]", "platforms", "linux/amd64 stands here twice", ""),
        ("platforms: [{}]", "platforms[0]", "expected a platform", ""),
        ("tags: ['{verison}']", "tags[0]", "unknown field {verison}: known are version, major", ""),
        ("tags: [a, 'b c']", "tags[1]", "this can give no legal tag", ""),
        ("tags: ['{version']", "tags[0]", "this can give no legal tag", ""),
        ("tags: [a, a]", "", "a stands here twice", ""),
        ("tags: [{tag: a, move: up}]", "tags[0].move", "expected one of higher, always, never", ""),
        ("tags: [{move: always}]", "tags[0].tag", "is required and missing", "Template"),
        ("tags: [1.0]", "tags[0]", "expected a mapping of keys to values, got the number 1.0", ""),
        ("sign: {mode: key}", "sign", "mode: key needs key", ""),
        ("sign: {key: 5}", "sign.key", "expected a path, got the number 5", ""),
        ("scan: {max_age: 5}", "scan.max_age", "duration such as 5d, or none, got the number 5", ""),
        ("timeouts: {build: soon}", "timeouts.build", "expected a duration", ""),
        ("limits: {parallel: 0}", "limits.parallel", "greater than or equal to 1", ""),
        ("limits: {parallel: many}", "limits.parallel", "expected a whole number, got 'many'", ""),
        ("limits: {ram: 1}", "limits.ram", "unknown key", "parallel"),
        ("limits: {memory: 4096}", "limits.memory", "expected a size such as 512MiB", ""),
        ("limits: {memory: 4GB}", "limits.memory", "expected a size such as 512MiB", ""),
        ("limits: {memory: 1MiB}", "limits.memory", "at least 64MiB", ""),
        ("limits: {cores: 0}", "limits.cores", "greater than or equal to 1", ""),
        ("sbom: {fit: -1}", "sbom.fit", "expected portable, the name of a store", ""),
        ("sbom: {keep_native: 'yes'}", "sbom.keep_native", "expected true or false, got 'yes'", ""),
        ("verify: {require: []}", "verify.require", "requires nothing", "require: [provenance"),
        ("verify: {require: [sbom, sbom]}", "verify.require", "sbom stands here twice", ""),
        ("verify: {identities: {}}", "verify.identities", "expected a list", ""),
        ("verify: {identities: [{issuer: x}]}", "verify.identities[0]", "names nobody", ""),
        ("verify: {identities: [{owner: x}]}", "verify.identities[0]", "names no issuer", ""),
        (
            "verify: {identities: [{issuer: x, repo: a/b}]}",
            "verify.identities[0].repo",
            "unknown key",
            "repository",
        ),
        (
            "verify: {identities: [{issuer: x, repository_id: 7x}]}",
            "verify.identities[0].repository_id",
            "",
            "",
        ),
        (
            "verify: {identities: [{issuer: x, signer: release.yml}]}",
            "verify.identities[0].signer",
            "OWNER/REPO",
            "",
        ),
        ("registries: {a/b: {}}", "registries.a/b", "expected a host", ""),
        ("registries: {a.example: {plain: 1}}", "registries.a.example.plain", "unknown key", "plain_http"),
        ("registries: {a.example: {client_key: k}}", "registries.a.example", "needs client_cert", ""),
        ("registries: {a.example: {plain_http: true, ca: c}}", "registries.a.example", "no use for ca", ""),
        ("source: github.com/org/app", "source", "expected a URL", ""),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_key_and_line(
    problems: Problems, line: str, key: str, message: str, hint: str
) -> None:
    (problem,) = problems(f"{MINIMUM}{line}\n")
    assert problem.key == key
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == (4 if key else None)


@pytest.mark.parametrize(
    ("build", "key", "message"),
    [
        ("{builder: prebuilt}", "build", "exactly one of layout, archive and reference, got none"),
        ("{builder: prebuilt, layout: a, archive: b}", "build", "got layout and archive"),
        ("{builder: prebuilt, reference: org/app:1}", "build.reference", "by digest"),
        (
            "{builder: prebuilt, layout: a, context: .}",
            "build.context",
            "a key of builder buildx and buildah",
        ),
        (
            "{builder: docker, context: .}",
            "build.builder",
            "expected one of prebuilt, buildx, buildah, layers",
        ),
        ("{context: .}", "build.builder", "is required and missing"),
        ("prebuilt", "build", "expected a mapping of keys to values, got 'prebuilt'"),
        ("{builder: buildx, secrets: {a: {}}}", "build.secrets.a", "exactly one of file and env"),
        ("{builder: layers, base: 'x:y:z'}", "build.base", "not an image reference"),
        (
            "{builder: layers, layers: [{files: {a: b}}]}",
            "build.layers[0].files.a",
            "has not the form ^/",
        ),
        ("{builder: layers, layers: [{files: {}}]}", "build.layers[0].files", "at least 1"),
        ("{builder: layers, layers: [{}]}", "build.layers[0].files", "is required and missing"),
        (
            "{builder: layers, layers: [{files: [{from: a, to: /a, mode: 0755}]}]}",
            "build.layers[0].files[0].mode",
            'expected an octal mode in quotes, such as "0755"',
        ),
        ("{builder: layers, entrypoint: /app}", "build.entrypoint", "expected a list, got '/app'"),
        ("{builder: layers, ports: [http]}", "build.ports[0]", "has not the form"),
        ("{builder: layers, env: {A: 1.0}}", "build.env.A", "expected a text, got the number 1.0"),
        ("{builder: layers, env: {A: }}", "build.env.A", "expected a text, got nothing"),
    ],
)
def test_mistakes_in_a_build(problems: Problems, build: str, key: str, message: str) -> None:
    (problem,) = problems(MINIMUM.replace("{builder: prebuilt, layout: i}", build))
    assert problem.key == key
    assert message in problem.message
    assert problem.line == 2


@pytest.mark.parametrize(
    ("targets", "key", "message"),
    [
        ("[]", "targets", "at least 1"),
        ("ghcr.io/org/app", "targets", "expected a list"),
        ("[app]", "targets[0]", "expected host/repository, such as ghcr.io/org/app"),
        ("['ghcr.io/org/app:1']", "targets[0]", "a target has no tag and no digest"),
        ("['https://ghcr.io/org/app']", "targets[0]", "begins with a scheme"),
        ("[ghcr.io/Org/App]", "targets[0]", "must be lower-case"),
        ("['oci:']", "targets[0]", "expected a folder after oci:"),
        ("[org/app, index.docker.io/org/app]", "targets", "docker.io/org/app stands here twice"),
        ("['oci:a', 'oci:./b/../a']", "targets", "stands here twice"),
        ("[5]", "targets[0]", "expected a target"),
    ],
)
def test_mistakes_in_targets(problems: Problems, targets: str, key: str, message: str) -> None:
    (problem,) = problems(MINIMUM.replace("[ghcr.io/org/app]", targets))
    assert problem.key == key
    assert message in problem.message


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(
    problems: Problems,
) -> None:
    found = problems(
        "image: App\nbuild: {builder: prebuilt}\ngate: {fail_on: x}\nfoo: 1\n",
        {"SHIPSEAL_SCAN_ENGINE": "gripe", "SHIPSEAL_GATE_FAILON": "low"},
    )
    assert [(problem.line, problem.origin, problem.key) for problem in found] == [
        (None, "", "targets"),
        (1, "", "image"),
        (2, "", "build"),
        (3, "", "gate.fail_on"),
        (4, "", "foo"),
        (None, "SHIPSEAL_GATE_FAILON", ""),
        (None, "SHIPSEAL_SCAN_ENGINE", "scan.engine"),
    ]


def test_the_message_names_file_line_key_and_value(read: Load) -> None:
    with pytest.raises(ConfigProblems) as caught:
        read(MINIMUM + "gate: {fail_on: critcal}\n")
    error = caught.value
    assert error.message.startswith(
        "repository/shipseal.yaml:4: gate.fail_on: expected one of critical, high,"
    )
    assert error.message.endswith("got 'critcal'")
    assert error.hint == "did you mean critical?"
    assert error.context == {
        "file": "repository/shipseal.yaml",
        "problems": "1",
        "key": "gate.fail_on",
        "line": "4",
    }


def test_a_message_with_several_problems_lists_them_with_their_hints(read: Load) -> None:
    with pytest.raises(ConfigProblems) as caught:
        read(MINIMUM + "foo: 1\nverison: '1'\n")
    assert caught.value.message.splitlines() == [
        "repository/shipseal.yaml: 2 problems",
        f"  repository/shipseal.yaml:4: foo: unknown key ({caught.value.problems[0].hint})",
        "  repository/shipseal.yaml:5: verison: unknown key (did you mean version?)",
    ]


def test_a_long_list_of_problems_is_cut(read: Load) -> None:
    with pytest.raises(ConfigProblems) as caught:
        read(MINIMUM + "".join(f"zz{number}: 1\n" for number in range(40)))
    assert caught.value.message.endswith("… and 15 more")
    assert len(caught.value.problems) == 40


@pytest.mark.parametrize(
    ("name", "value", "key", "message"),
    [
        ("SHIPSEAL_GATE_FAIL_ON", "critcal", "gate.fail_on", "expected one of critical"),
        ("SHIPSEAL_LIMITS_PARALLEL", "many", "limits.parallel", "expected a whole number"),
        ("SHIPSEAL_LIMITS_MEMORY", "4", "limits.memory", "expected a size such as 512MiB"),
        ("SHIPSEAL_GATE_FIXABLE_ONLY", "maybe", "gate.fixable_only", "expected true or false"),
        ("SHIPSEAL_TARGETS", "a/b:1", "targets[0]", "no tag"),
        ("SHIPSEAL_TIMEOUTS_BUILD", "5", "timeouts.build", "expected a duration"),
    ],
)
def test_a_wrong_variable_is_named(
    problems: Problems, name: str, value: str, key: str, message: str
) -> None:
    (problem,) = problems(MINIMUM, {name: value})
    assert (problem.origin, problem.key, problem.line) == (name, key, None)
    assert message in problem.message


@pytest.mark.parametrize(
    "name",
    [
        "GATE_FAIL_ON",
        "LIMITS_PARALLEL",
        "GATE_FIXABLE_ONLY",
        "TARGETS",
        "TIMEOUTS_BUILD",
        "KEY_PASSWORT",
    ],
)
def test_a_secret_in_the_wrong_variable_is_not_shown(read: Load, name: str) -> None:
    for secret in (SECRET, f"user:{SECRET}@host.example/app"):
        with pytest.raises(ConfigProblems, match=f"SHIPSEAL_{name}") as caught:
            read(MINIMUM, {f"SHIPSEAL_{name}": secret})
        assert SECRET not in f"{caught.value.message} {caught.value.hint} {caught.value.context}"


def test_an_unknown_variable_is_named_with_what_was_meant(problems: Problems) -> None:
    (problem,) = problems(MINIMUM, {"SHIPSEAL_GATE_FAILON": "high"})
    assert problem.origin == "SHIPSEAL_GATE_FAILON"
    assert problem.hint == "did you mean SHIPSEAL_GATE_FAIL_ON?"
    (problem,) = problems(MINIMUM, {"SHIPSEAL_BUILD_ENV_A": "1"})
    assert "unknown environment variable" in problem.message


def test_a_wrong_option_says_that_it_comes_from_the_command_line(read: Load) -> None:
    with pytest.raises(ConfigProblems, match="command line: version: 'a b' has not the form"):
        read(MINIMUM, {}, {"version": "a b"})


def test_a_wrong_option_is_called_as_it_was_typed_and_says_what_it_takes(read: Load) -> None:
    path = read(MINIMUM, {}).path
    for wait in ("never", "5"):
        with pytest.raises(ConfigProblems) as caught:
            load(
                path,
                env={},
                overrides={"timeouts.wait": wait},
                options={"timeouts.wait": "--wait"},
            )
        assert caught.value.message.startswith("--wait: expected a duration such as 90s, 5m")
        assert caught.value.message.endswith(f"got {wait!r}")
        assert caught.value.hint.startswith("duration: How long a release that an outage holds")
        assert "--wait" not in caught.value.hint


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"password: {SECRET}", "password"),
        (f"sign: {{key: k, password: {SECRET}}}", "sign.password"),
        (f"source: https://me:{SECRET}@github.com/org/app", "source"),
        (f"registries: {{a.example: {{token: {SECRET}}}}}", "registries.a.example.token"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(
    read: Load, problems: Problems, text: str, key: str
) -> None:
    (problem,) = problems(f"{MINIMUM}{text}\n")
    assert (problem.key, problem.line) == (key, 4)
    assert "must not stand here" in problem.message
    assert "environment" in problem.hint
    with pytest.raises(ConfigProblems) as caught:
        read(f"{MINIMUM}{text}\n")
    assert SECRET not in f"{caught.value.message} {caught.value.hint} {caught.value.context}"


def test_a_login_in_a_target_is_refused_and_not_repeated(read: Load) -> None:
    text = MINIMUM.replace("[ghcr.io/org/app]", f"['me:{SECRET}@a.example/app']")
    with pytest.raises(ConfigProblems, match=r"targets\[0\]: a user and password") as caught:
        read(text)
    assert SECRET not in f"{caught.value.message} {caught.value.hint} {caught.value.context}"


def test_a_private_key_in_a_variable_is_refused(problems: Problems) -> None:
    (problem,) = problems(MINIMUM, {"SHIPSEAL_SIGN_KEY": "-----BEGIN PRIVATE KEY-----\nabc"})
    assert problem.origin == "SHIPSEAL_SIGN_KEY"
    assert "a private key must not stand here" in problem.message


def test_secrets_of_a_build_are_refused_as_values_and_accepted_as_places(
    read: Load, problems: Problems
) -> None:
    build = "{builder: buildah, args: {NPM_TOKEN: abc}, secrets: {npm_token: {env: NPM_TOKEN}}}"
    (problem,) = problems(MINIMUM.replace("{builder: prebuilt, layout: i}", build))
    assert problem.key == "build.args.NPM_TOKEN"
    read(
        MINIMUM.replace(
            "{builder: prebuilt, layout: i}", build.replace("args: {NPM_TOKEN: abc}, ", "")
        )
    )


# The file itself.


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^shipseal\.yaml: no such file") as caught:
        load(None, env={}, overrides={}, cwd=tmp_path)
    assert "shipseal init" in caught.value.hint
    (tmp_path / "shipseal.yml").touch()
    with pytest.raises(ConfigError) as caught:
        load(None, env={}, overrides={}, cwd=tmp_path)
    assert caught.value.hint == "rename shipseal.yml to shipseal.yaml"


def test_the_default_file_is_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "shipseal.yaml").write_text(MINIMUM)
    assert load(None, env={}, overrides={}, cwd=tmp_path).path == tmp_path / "shipseal.yaml"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(ConfigError, match=r"x: cannot be read: Is a directory"):
        load(tmp_path / "x", env={}, overrides={}, cwd=tmp_path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shipseal.yaml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(Exception, match="more than 1048576 bytes") as caught:
        load(None, env={}, overrides={}, cwd=tmp_path)
    assert getattr(caught.value, "code", None) is Code.CONFIG_INVALID


def test_a_file_that_is_no_yaml_is_told_with_wrong_variables(problems: Problems) -> None:
    found = problems("a: [1\n", {"SHIPSEAL_FOO": "1"})
    assert [problem.origin for problem in found] == ["", "SHIPSEAL_FOO"]


# A policy that stands alone.


def test_a_policy_has_the_keys_of_verify(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("keys: [release.pub]\nrequire: [sbom]\nscan_max_age: 30d\ntargets: any\n")
    loaded = load_policy(path)
    assert loaded.policy.keys == (tmp_path / "release.pub",)
    assert (loaded.policy.require, loaded.policy.scan_max_age) == (("sbom",), 30 * 86400)
    assert loaded.digest == digest_of(path.read_bytes())


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("kyes: [a]\n", "kyes", "unknown key"),
        ("keys: a\n", "keys", "expected a list"),
        (
            "require: [sbmo]\n",
            "require[0]",
            "expected one of provenance, sbom, scan, seal, got 'sbmo'",
        ),
        ("identities: [{issuer: x}]\n", "identities[0]", "names nobody"),
        ("image: app\n", "image", "unknown key"),
        ("targets: some\n", "targets", "expected one of any, all"),
        ("- a\n", "", "is not a mapping"),
    ],
)
def test_a_wrong_policy_is_told_like_a_wrong_file(
    tmp_path: Path, text: str, key: str, message: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        load_policy(path)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, 1)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "begin with `keys:` or `identities:`"),
        ("- a\n", "begin with `keys:` or `identities:`"),
        ("require: []\n", "write for example require: [provenance, sbom, scan, seal]"),
        ("identities: [{issuer: x}]\n", "write a repository, a signer or a subject"),
        ("identities: [{subject: x}]\n", "write for example issuer: https://"),
    ],
)
def test_what_to_write_in_a_policy_is_of_a_policy(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        load_policy(path)
    (problem,) = caught.value.problems
    assert problem.hint.startswith(hint)
    assert "validation" not in problem.message


def test_a_policy_that_is_not_there_is_no_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as caught:
        load_policy(tmp_path / "policy.yaml")
    assert "init" not in caught.value.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.POLICY_EMPTY),
        ("# nothing yet\n", Code.POLICY_EMPTY),
        ("require: []\n", Code.POLICY_EMPTY),
        ("platforms: []\n", Code.POLICY_EMPTY),
        ("identities: [{}]\n", Code.POLICY_EMPTY),
        ("identities: [{issuer: https://a.test}]\n", Code.POLICY_EMPTY),
        ("require: [sbmo]\n", Code.CONFIG_INVALID),
        ("require: []\nidentities: [{isuer: x}]\n", Code.CONFIG_INVALID),
    ],
)
def test_a_policy_that_lets_everything_through_has_one_code(
    tmp_path: Path, text: str, code: Code
) -> None:
    """The same as where it is found later, of keys and options together."""
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        load_policy(path)
    assert caught.value.code is code
    assert caught.value.exit == Exit.USAGE
