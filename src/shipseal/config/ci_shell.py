"""The plain script that ``shipseal init shell`` writes, for any other CI system and for people."""

import shlex

from shipseal.config.ci_facts import CiFacts
from shipseal.config.ci_secrets import KEY, KEY_PASSWORD, login_secrets

FILE = "release.sh"

_SCRIPT = """\
#!/bin/sh
# Releases the image: release.sh VERSION. With --check in place of a version it builds, catalogues, scans and gates, and
# pushes and signs nothing. Written by `shipseal init shell`.
#
# It needs shipseal on PATH{tools}.
# From the environment: {variables}.
#
# Exit status, as of shipseal: 0 done, 2 refused, 3 evidence, 4 not allowed, 5 outside (run it again), 6 undecided,
# 64 wrong usage, 130 interrupted (run it again). Running it again does only what is missing.
set -eu

cd -- "$(dirname -- "$0")"
config={config}

usage() {{
    echo "usage: $0 VERSION | --check" >&2
    exit 64
}}
[ "$#" -eq 1 ] || usage
case $1 in
    --check) version=0.0.0-check ;;
    "" | -*) usage ;;
    v[0-9]*) version=${{1#v}} ;;
    *) version=$1 ;;
esac

# Grype's data where it is installed, else the built-in matcher's. RELEASE_DATA=keep takes what is there.
if [ "${{RELEASE_DATA:-}}" != keep ]; then
    if command -v grype >/dev/null; then
        grype db update
    else
        shipseal db update --config "$config"
    fi
fi

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' HUP INT TERM

if [ "$1" = --check ]; then
{check}    SHIPSEAL_TARGETS=oci:$scratch/images shipseal release --version "$version" --dry-run --config "$config"
    exit
fi

{release}shipseal release --version "$version" --wait "${{RELEASE_WAIT:-2h}}" --config "$config"
"""
_CHECK_KEY = """\
    # A key that nobody trusts signs nothing in a check, and none of yours is needed.
    SHIPSEAL_KEY_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
    SHIPSEAL_SIGN_KEY=$scratch/check.key
    export SHIPSEAL_KEY_PASSWORD SHIPSEAL_SIGN_KEY
    shipseal key generate --out "$scratch/check" >/dev/null
"""
_OWN_KEY = """\
# The key itself comes from {key} where it is set, else it lies there already.
if [ -n "${{{key}:-}}" ]; then
    (umask 077 && printf '%s\\n' "${key}" >"$scratch/sign.key")
    SHIPSEAL_SIGN_KEY=$scratch/sign.key
    export SHIPSEAL_SIGN_KEY
fi
"""
_LOGINS = """\
# Logins go into a configuration of their own that is gone afterwards; without user and token the usual one is taken.
login() {{
    if [ -n "$2" ] && [ -n "$3" ]; then
        entry=$(printf '%s:%s' "$2" "$3" | base64 | tr -d '\\n')
        auths="${{auths:+$auths,}}\\"$1\\":{{\\"auth\\":\\"$entry\\"}}"
    fi
}}
auths=
{logins}
if [ -n "$auths" ]; then
    (umask 077 && printf '{{"auths":{{%s}}}}\\n' "$auths" >"$scratch/config.json")
    DOCKER_CONFIG=$scratch
    export DOCKER_CONFIG
fi
"""


def shell_script(facts: CiFacts) -> str:
    """Return the text of the script."""
    tool = {"buildx": ", docker with buildx", "buildah": ", buildah"}.get(facts.builder, "")
    return _SCRIPT.format(
        tools=tool,
        variables=", ".join(variables_of(facts)) or "nothing",
        config=shlex.quote(facts.config),
        check=_CHECK_KEY if facts.key else "",
        release=(_OWN_KEY.format(key=KEY) if facts.key else "") + _logins(facts),
    )


def variables_of(facts: CiFacts) -> tuple[str, ...]:
    """Return the names of the variables that it reads."""
    named = [name for host in facts.registries for name in login_secrets(host)]
    token = ("SIGSTORE_ID_TOKEN",) if facts.keyless else ()
    return (*named, *((KEY, KEY_PASSWORD) if facts.key else token))


def _logins(facts: CiFacts) -> str:
    lines = []
    for host in facts.registries:
        name = "https://index.docker.io/v1/" if host == "docker.io" else host
        user, token = login_secrets(host)
        lines.append(f'login {shlex.quote(name)} "${{{user}:-}}" "${{{token}:-}}"')
    return _LOGINS.format(logins="\n".join(lines)) if lines else ""
