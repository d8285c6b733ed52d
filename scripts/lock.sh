#!/usr/bin/env bash
# Writes requirements/*.txt again from pyproject.toml: exact versions with hashes, and no address of any index.
set -euo pipefail

cd "$(dirname "$0")/.."
uv=.venv/bin/uv
[[ -x $uv ]] || .venv/bin/pip install --quiet --disable-pip-version-check uv

lock() {
    local output=$1
    shift
    UV_CUSTOM_COMPILE_COMMAND="scripts/lock.sh" "$uv" pip compile "$@" --output-file "$output" \
        --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links
    echo "wrote $output"
}

lock requirements/base.txt pyproject.toml
lock requirements/build.txt --group build --constraints requirements/base.txt
lock requirements/dev.txt pyproject.toml --extra dev --group build --constraints requirements/base.txt
