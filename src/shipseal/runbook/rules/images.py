"""The image: not there, not for this platform, not readable, not what it should be, there already."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule
from shipseal.runbook.rules.places import API, HOST, IMAGE

_ABSENT = Code.IMAGE_NOT_FOUND
_PLATFORM = Code.PLATFORM_MISSING
_FORMAT = Code.FORMAT_UNSUPPORTED
_DIGEST = Code.DIGEST_MISMATCH

ABSENT = (
    Rule(
        code=_ABSENT,
        needs=("unauthorized",),
        pattern=r"registry-1\.docker\.io/v2/library/(?P<image>[\w.-]+)/manifests.*authentication required",
        cause="Docker Hub has no official image {image|of this name}; for names that do not exist it asks for a login",
        weight=CERTAIN,
    ),
    Rule(
        code=_ABSENT,
        needs=("pull access denied",),
        pattern=r"pull access denied for (?P<image>[^\s,]+)"
        r"|(?<![\w./:-])(?P<other>[\w.-]++/[\w./:-]+): pull access denied(?! for)"
        r"|pull access denied,",
        cause="{image|the image}{other|} does not exist in that registry, or is hidden from these credentials",
        weight=CERTAIN,
    ),
    Rule(
        code=_ABSENT,
        needs=("manifest unknown", "manifest_unknown"),
        pattern=rf"(?:manifest for (?P<image>\S++) not found|reading manifest (?P<tag>\S++) in "
        r"(?P<repository>[^\s:]++(?::\d++)?+[^\s:]*+)"
        rf"|{API}(?P<path>\S+?)/manifests/(?P<name>[\w.:-]++)|no such manifest: (?P<none>\S++))?.*manifest.unknown",
        unless="accept header",
        cause="the registry has no such image or tag: {image|}{repository|}{path|}{none|} {tag|}{name|}",
        weight=CERTAIN - 10,
    ),
    Rule(
        code=_ABSENT,
        needs=("no such manifest", "name unknown", "name_unknown", "repository name not known"),
        pattern=r"no such manifest: (?P<image>\S+)|\bname.unknown\b|repository name not known to registry"
        rf"|{API}(?P<path>\S+?)/(?:manifests|tags).*name.unknown",
        cause="the registry has no such repository or image: {image|}{path|}",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_ABSENT,
        needs=(
            "failed to resolve source metadata",
            "failed to solve",
            "failed to load cache key",
            "failed to resolve reference",
        ),
        pattern=r"(?:failed to resolve source metadata for|failed to load cache key:|failed to resolve reference"
        r"|failed to solve:) "
        r"\"?(?P<image>[a-z0-9][\w.-]*(?::\d+)?/[\w./-]+(?:[:@][\w.:-]+)?)\"?: (?:[^ ]+: )?not found\s*$",
        cause="{image|the image} does not exist in its registry",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_ABSENT,
        needs=(
            "no such image",
            "unable to find image",
            "does not exist locally with the tag",
            "image not known",
        ),
        pattern=r"no such image: (?P<image>\S+)|an image does not exist locally with the tag: (?P<tag>\S+)"
        r"|(?<!\S)(?P<local>\S+): image not known",
        cause="there is no image {image|}{tag|}{local|} on this machine: it was not built, loaded or pulled before",
        next=("docker image ls", "build with --load, or push and use the digest"),
        weight=CLEAR,
    ),
    Rule(
        code=_ABSENT,
        needs=("404 not found", "received 404", "status code 404"),
        pattern=rf"{API}(?P<path>\S+?)/(?:manifests|tags|blobs).*\b404\b",
        cause="{host|the registry} has nothing at {path|that name} (404)",
        weight=CLEAR,
    ),
    Rule(
        code=_ABSENT,
        needs=("does not exist in the registry", "repository does not exist"),
        pattern=r"repository with name '(?P<image>[^']+)' does not exist|repository does not exist",
        unless="push access denied",
        cause="the repository {image|} does not exist in the registry",
        weight=CLEAR,
    ),
    Rule(
        code=_ABSENT,
        needs=("not found",),
        pattern=r"(?:error response from daemon: )(?:failed to resolve reference \S+: "
        rf"|manifest for )?\"?{IMAGE}\"?(?:: "
        r"| )not found",
        cause="{image|the image} does not exist in its registry",
        weight=LIKELY,
        unless="network|volume|container|plugin|platform|vulnerab|file|command",
    ),
    Rule(
        code=_ABSENT,
        needs=("could not fetch image", "unable to load image", "failed to get image descriptor"),
        pattern=r"(?:could not fetch image|unable to load image:?"
        r"|failed to get image descriptor from registry:?) .*(?:\b404\b"
        rf"|not found)|failed to find image {HOST}",
        cause="the image that should be read is not there",
        weight=LIKELY,
    ),
)

PLATFORM = (
    Rule(
        code=_PLATFORM,
        needs=(
            "no match for platform",
            "no matching manifest for",
            "no child with platform",
            "no image found in",
        ),
        pattern=r"no matching manifest for (?P<platform>[\w/ .()-]+?) in|no match for platform in manifest"
        r"|no child with platform (?P<child>\S+)"
        r"|no image found in (?:image index|manifest list) for architecture \"?(?P<arch>\w+)",
        cause="the image has no {platform|}{child|}{arch|such platform}",
        weight=CERTAIN,
    ),
    Rule(
        code=_PLATFORM,
        needs=(
            "does not match the specified platform",
            "does not match the expected platform",
            "unexpected platform",
        ),
        pattern=r"platform \(?(?P<got>[\w/]+)\)? does not match the (?:specified"
        r"|expected) platform \(?(?P<platform>[\w/]+)",
        unless="warning",
        cause="the image is for {got|another platform}, and {platform|this one} is wanted",
        weight=CLEAR,
    ),
    Rule(
        code=_PLATFORM,
        needs=("exec format error",),
        pattern="exec format error",
        cause="a program of another platform was started: the base image is wrong, or no emulator is set up",
        next=(
            "docker run --privileged --rm tonistiigi/binfmt --install all",
            "docker buildx imagetools inspect IMAGE",
        ),
        weight=CLEAR,
    ),
)

FORMAT = (
    Rule(
        code=_FORMAT,
        needs=(
            "unsupported media",
            "unsupported manifest media",
            "unknown media",
            "unknown manifest media",
            "unknown layer media",
            "unknown config media",
            "unsupported layer media",
            "unsupported config media",
            "unsupported docker v2s",
            "unsupported oci v",
            "not support oci",
            "not supported",
        ),
        pattern=r"unsupported (?:manifest |layer |config |docker v2s[12] "
        r"|oci v?1 )?media ?type:?[\s\"']*(?P<what>application/[\w.+/-]+)?"
        r"|unknown (?:manifest |layer |config )?media ?type:? ?(?P<unknown>application/[\w.+/-]+)?"
        r"|does not support oci index"
        r"|media ?type \"?(?P<media>application/[\w.+/-]+)\"? (?:is )?(?:not supported|unsupported)",
        unless=r"\b415\b",
        cause="this media type is not supported: {what|}{media|}{unknown|}",
        weight=CLEAR,
    ),
    Rule(
        code=_FORMAT,
        needs=(
            "schema 1",
            "unsupported manifest schema",
            "unsupported schema",
            "unsupported media",
        ),
        pattern=r"schema 1 (?:support|manifest|image)|unsupported (?:manifest )?schema version"
        r"|distribution\.manifest\.v1\+",
        cause="the image has Docker's old manifest (schema 1), which nobody reads any more",
        next=("rebuild the image, or convert it: skopeo copy docker://OLD docker://NEW",),
        weight=CLEAR,
    ),
    Rule(
        code=_FORMAT,
        needs=("invalid tar header", "not found in tar", "gzip: invalid header", "unexpected eof"),
        pattern=r"(?:archive/tar: )?invalid tar header|file \S+ not found in tar|(?:layer|image"
        r"|archive|manifest).*gzip: invalid header"
        r"|(?:unable to (?:load|read|untar)|loading|reading|extract)[^:]*(?:image|layer"
        r"|archive|tarball|blob).*unexpected eof",
        unless=r"npm |yarn |pip|node_modules|crates",
        cause="the image archive or a layer is damaged, cut off, or of another format",
        next=("docker image save IMAGE -o image.tar", "tar -tf image.tar"),
        weight=CLEAR - 5,
    ),
)

DIGEST = (
    Rule(
        code=_DIGEST,
        needs=(
            "unexpected commit digest",
            "digest did not match",
            "digest_invalid",
            "digest mismatch",
            "does not match requested digest",
            "not match provided manifest digest",
            "layer verification failed",
            "error verifying sha256",
            "digest does not match",
        ),
        pattern=r"unexpected commit digest (?P<got>sha256:\w+), expected (?P<want>sha256:\w+)"
        r"|provided digest did not match|digest did not match"
        r"|\bdigest_invalid\b|(?:blob|layer|manifest|content|image).*digest mismatch"
        r"|does not match (?:requested digest|provided manifest digest)|layer verification failed"
        r"|error verifying sha256 checksum|manifest.*digest does not match",
        unless="artifact digest|subject|statement",
        cause="bytes do not have the digest that they were asked for by: {got|} instead of {want|what was named}",
        weight=CERTAIN,
    ),
)

EXISTS = (
    Rule(
        code=Code.TAG_EXISTS,
        needs=("immutable", "not allow updating assets"),
        pattern=r"image tag '(?P<tag>[^']+)' already exists.*immutable|imagetagalreadyexists"
        r"|tag \S* ?is immutable|immutable[^.]*cannot be (?:overwritten|updated)"
        r"|does not allow updating assets|configured as immutable|tag[^.]*immutable",
        unless="attribute|object|self\\.|frozen|assign",
        cause="the tag {tag|} is public already and cannot be moved: tags are immutable there",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.UNKNOWN,
        needs=("invalid reference format", "could not parse reference"),
        pattern=r"(?:invalid tag \"?(?P<tag>[^\s\"]*)\"?: )?invalid reference format(?:: (?P<why>.*))?"
        r"|could not parse reference: (?P<reference>\S+)",
        cause="the name is no reference: {tag|}{reference|} {why|(upper case, an empty variable, a stray character)}",
        next=("print the name before it is used; names are lower case: ${GITHUB_REPOSITORY,,}",),
        weight=CLEAR,
    ),
)

RULES = (*ABSENT, *PLATFORM, *FORMAT, *DIGEST, *EXISTS)
