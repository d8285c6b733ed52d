"""One model describes every key: schema, documentation, variables and messages agree with it."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from shipseal.config.docs import markdown
from shipseal.config.gate_model import Gate
from shipseal.config.keys import RESERVED, all_keys, children, variables
from shipseal.config.load import load
from shipseal.config.model import Config
from shipseal.config.problems import ConfigProblems
from shipseal.config.schema import config_schema
from shipseal.config.sections import FAMILIES, TAG_FIELDS, Scan, Tag
from shipseal.config.show import as_json, effective
from shipseal.gate.policy import GatePolicy, UnknownRule
from shipseal.intoto.predicates import REQUIRED
from shipseal.release.tags import FIELDS, Move
from shipseal.scan.interface import Severity
from shipseal.verify.policy import TargetRule

FULL = """\
image: ghcr.io/org/app
version: "1.4.2"
source: https://github.com/org/app
platforms: [linux/amd64, linux/arm/v7]
build:
  builder: layers
  base: docker.io/library/debian:12
  annotations: refuse
  layers:
    - files: {dist: /app}
    - {platform: linux/amd64, files: [{from: a, to: /a, mode: "0755", owner: "0:0"}]}
  entrypoint: [/app/server]
  cmd: [--help]
  env: {A: b}
  labels: {c: d}
  user: "1000"
  workdir: /app
  ports: ["8080/tcp"]
targets: [ghcr.io/org/app, "oci:out"]
registries: {ghcr.io: {ca: ca.pem, client_cert: c.pem, client_key: k.pem}, "127.0.0.1:5000": {plain_http: true}}
tags: ["{version}", {tag: latest, move: higher}]
sign: {mode: key, key: release.key}
sbom: {syft: syft, fit: 16777216, accept_incomplete: [entrypoint], keep_native: false}
scan: {engine: builtin, grype: grype, database: db, max_age: none}
gate: {fail_on: high, unknown: fail, fixable_only: true, kev: fail, epss_above: 10%, grace: 7d, new_only: true}
ignores: {file: .grype.yaml}
verify: {keys: [release.pub], require: [sbom], platforms: all, scan_max_age: 30d, targets: all}
evidence: {folder: evidence}
limits: {parallel: 2}
timeouts: {build: 1h30m, catalogue: 5m, scan: 90s, network: 10s, retry_deadline: 1m, lock: 0s}
"""


def plain(text: str) -> Any:
    """Return what YAML says as an editor's JSON Schema checker would see it."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


@pytest.fixture(scope="module")
def checker() -> jsonschema.Draft202012Validator:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_accepts_what_the_loader_accepts(
    checker: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    (tmp_path / "shipseal.yaml").write_text(FULL)
    load(None, env={}, overrides={}, cwd=tmp_path)
    assert [error.message for error in checker.iter_errors(plain(FULL))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fail_on: high", "fail_on: hihg"),
        ("gate:", "gaet:"),
        ('version: "1.4.2"', "version: 1.4"),
        ("max_age: none", "max_age: 5"),
        ("parallel: 2", "parallel: 0"),
        ("move: higher", "move: up"),
        ("image: ghcr.io/org/app\n", ""),
        ("{dist: /app}", "{dist: app}"),
        ("builder: layers", "builder: layer"),
        ("mode: key", "mode: none"),
        ("linux/arm/v7", "linux"),
        ("[sbom]", "[]"),
        ("epss_above: 10%", "epss_above: 10"),
        ("epss_above: 10%", "epss_above: likely"),
        ("grace: 7d", "grace: 7"),
        ("kev: fail", "kev: yes"),
    ],
)
def test_schema_and_loader_refuse_the_same(
    checker: jsonschema.Draft202012Validator, tmp_path: Path, old: str, new: str
) -> None:
    text = FULL.replace(old, new, 1)
    assert text != FULL
    assert not checker.is_valid(plain(text))
    (tmp_path / "shipseal.yaml").write_text(text)
    with pytest.raises(ConfigProblems):
        load(None, env={}, overrides={}, cwd=tmp_path)


def test_the_effective_configuration_loads_again_as_itself(tmp_path: Path) -> None:
    (tmp_path / "shipseal.yaml").write_text(FULL)
    first = load(None, env={}, overrides={}, cwd=tmp_path)
    values = {name: value for name, value in as_json(first).items() if value is not None}
    again = Config.model_validate(values, context={"folder": "/elsewhere"})
    assert again == first.config


def test_every_key_is_described() -> None:
    for key in all_keys():
        assert key.description, key.name
        assert key.description[0].isupper() or key.description[0] == "`", key.name
        assert key.description.endswith("."), key.name


def test_every_key_is_acted_upon() -> None:
    """The wiring is the one place that reads the configuration: what it never names does nothing."""
    wiring = "".join(
        path.read_text() for path in Path(str(files("shipseal") / "wiring")).glob("*.py")
    )
    named = set(re.findall(r"\.(\w+)", wiring))
    names = {key.name: key.path[-1] for key in all_keys() if key.path[-1][0] not in "[<"}
    idle = [name for name, last in names.items() if {"from": "from_"}.get(last, last) not in named]
    assert idle == []


def test_a_key_that_builders_understand_differently_tells_both() -> None:
    base = next(key for key in all_keys() if key.name == "build.base")
    assert base.builders == ("prebuilt", "layers")
    assert base.shape.text == "`prebuilt`: reference by digest; `layers`: reference, or scratch"
    assert base.default is None
    assert re.fullmatch(
        r"`prebuilt`: .*by digest.*\. `layers`: .*Default: nothing\.", base.description
    )
    context = next(key for key in all_keys() if key.name == "build.context")
    assert (context.description, context.shape.text) == ("Build context.", "path")


def test_every_model_says_what_it_is() -> None:
    models = {Config, *(model for key in all_keys() for model in key.shape.models)}
    assert len(models) > 15
    assert [model for model in models if not model.__doc__] == []


def test_every_key_stands_in_the_documentation_with_its_variable() -> None:
    text = markdown()
    for key in all_keys():
        if not key.shape.models or len(key.path) == 1 or key.shape.kind == "list":
            assert f"`{key.name}`" in text, key.name
        if key.variable:
            assert f"`{key.variable}`" in text, key.name
    assert text.count("### `") == sum(1 for key in children(()) if key.shape.models)


def test_variables_are_distinct_and_none_is_reserved() -> None:
    names = [key.variable for key in all_keys() if key.variable]
    assert len(names) == len(set(names))
    assert RESERVED.isdisjoint(names)
    assert variables()["SHIPSEAL_GATE_FAIL_ON"].name == "gate.fail_on"
    assert variables()["SHIPSEAL_SIGN_KEY"].name == "sign.key"
    assert "SHIPSEAL_REGISTRIES" not in variables()


def choices(model: type[BaseModel], name: str) -> set[str]:
    return {
        str(each) for key in all_keys() for each in key.shape.choices if _is(key.path, model, name)
    }


def _is(path: tuple[str, ...], model: type[BaseModel], name: str) -> bool:
    owners = {key.path for key in all_keys() if model in key.shape.models}
    return path[-1] == name and path[:-1] in owners | {(*owner, "[]") for owner in owners}


def test_words_are_those_of_the_rooms_that_act_on_them() -> None:
    severities = {str(severity) for severity in Severity} - {"unknown"}
    assert choices(Gate, "fail_on") == severities | {"none"}
    assert choices(Tag, "move") == {str(move) for move in Move}
    assert TAG_FIELDS == FIELDS
    assert set(FAMILIES) == {str(family) for family in REQUIRED}
    assert choices(Gate, "unknown") == {str(rule) for rule in UnknownRule}
    gate, policy = Gate(), GatePolicy()
    assert (gate.unknown, gate.fixable_only) == (policy.unknown, policy.fixable_only)
    assert gate.fail_on == str(policy.fail_on)
    assert choices(Scan, "engine") == {"auto", "grype", "builtin"}
    assert set(next(k for k in all_keys() if k.name == "verify.targets").shape.choices) == {
        str(rule) for rule in TargetRule
    }


def test_effective_values_name_their_source(tmp_path: Path) -> None:
    (tmp_path / "shipseal.yaml").write_text(FULL)
    loaded = load(None, env={"SHIPSEAL_TARGETS": "oci:x"}, overrides={"version": "2"}, cwd=tmp_path)
    shown = {item.key: (item.value, item.source) for item in effective(loaded)}
    assert shown["version"] == ("2", "command line")
    assert shown["targets"] == (f"oci:{tmp_path}/x", "SHIPSEAL_TARGETS")
    assert shown["gate.fail_on"] == ("high", "shipseal.yaml:25")
    assert shown["tags"] == ('{version}, {"tag": "latest", "move": "higher"}', "shipseal.yaml:21")
    assert shown["scan.max_age"] == ("none", "shipseal.yaml:24")
    assert shown["registries.ghcr.io.plain_http"] == ("", "default")
    assert shown["verify.platforms"] == ("all", "shipseal.yaml:27")
    assert shown["build.env.A"] == ("b", "shipseal.yaml:14")
    assert shown["gate.fixable_only"] == ("true", "shipseal.yaml:25")
