#!/usr/bin/env bash
# The six steps in shell as somebody would write them who has looked at where the time goes: what is catalogued is read
# from the local layout, once for each platform and not once for each registry, and Grype matches that catalogue instead
# of making another. It gates before it pushes, and leaves out what a script has no cheap way to do: verifying what was
# stored, undoing what went wrong, going on after a failure.
#
#   tuned-pipeline.sh LAYOUT VERSION REPOSITORY...
#
# Environment: KEY (a private key for cosign, COSIGN_PASSWORD its password), GRYPE_DB_CACHE_DIR (an imported database),
# FAIL_ON (a severity; default: critical), AT_ONCE=1 (work on all platforms at the same time), and CRANE, COSIGN, SYFT,
# GRYPE when they are not on PATH.
set -euo pipefail
export LC_ALL=C

layout=$1 version=$2
shift 2
repositories=("$@")
platforms=(linux/amd64 linux/arm64)
crane=${CRANE:-crane} cosign=${COSIGN:-cosign} syft=${SYFT:-syft} grype=${GRYPE:-grype}
threshold=${FAIL_ON:-critical} largest=$((16 * 1024 * 1024))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lap_began=$EPOCHREALTIME
lap() {
  local now=$EPOCHREALTIME
  awk -v name="$1" -v from="$lap_began" -v to="$now" 'BEGIN { printf "%-12s%7.2f s\n", name, to - from }'
  lap_began=$now
}

catalogue() { "$syft" scan -q "oci-dir:$layout" --platform "$1" -o "spdx-json=$(file_of "$1" spdx)"; }

scan() { "$grype" -q "sbom:$(file_of "$1" spdx)" --fail-on "$threshold" -o "json=$(file_of "$1" scan)"; }

# What grows with every file of the image is left out; what still does not fit into an attestation stops everything.
trim() {
  jq -c 'del(.files, .relationships)' "$(file_of "$1" spdx)" > "$(file_of "$1" sbom)"
  [ "$(stat -c %s "$(file_of "$1" sbom)")" -le "$largest" ]
}

file_of() { echo "$work/${1//\//-}.$2.json"; }

examine() { catalogue "$1" && scan "$1" && trim "$1"; }

# attest KIND PREDICATE SUBJECT
attest() {
  "$cosign" attest --yes --key "$KEY" --type "$1" --predicate "$2" \
    --tlog-upload=false --use-signing-config=false --allow-insecure-registry "$3" > "$work/cosign.log" 2>&1 ||
    { cat "$work/cosign.log" >&2; return 1; }
}

if [ "${AT_ONCE:-}" = 1 ]; then
  jobs=()
  for platform in "${platforms[@]}"; do examine "$platform" & jobs+=($!); done
  for job in "${jobs[@]}"; do wait "$job"; done
  lap examine
else
  for step in catalogue scan trim; do
    for platform in "${platforms[@]}"; do "$step" "$platform"; done
    lap "$step"
  done
fi

for repository in "${repositories[@]}"; do "$crane" push --insecure "$layout" "$repository:$version" > /dev/null 2>&1; done
lap push

cat > "$work/provenance.json" <<JSON
{"buildDefinition": {"buildType": "https://example.com/shell", "externalParameters": {"version": "$version"}},
 "runDetails": {"builder": {"id": "https://example.com/shell"}}}
JSON
for repository in "${repositories[@]}"; do
  attest slsaprovenance1 "$work/provenance.json" "$repository@$("$crane" digest --insecure "$repository:$version")"
  for platform in "${platforms[@]}"; do
    digest=$("$crane" digest --insecure --platform "$platform" "$repository:$version")
    attest spdxjson "$(file_of "$platform" sbom)" "$repository@$digest"
  done
done
lap attest
