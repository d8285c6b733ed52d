"""The local store of images, architectures, and containers that a job runs in."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, Rule

_NAMED = r"(?P<image>[a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+)?(?:@sha256:\w+)?|[a-z0-9][\w.-]*:[\w.-]+)"
_PLATFORM = Code.PLATFORM_MISSING

STORE = (
    Rule(
        code=Code.IMAGE_NOT_FOUND,
        needs=("no such object",),
        pattern=rf"no such object: \"?{_NAMED}\"?$",
        cause="there is no image {image|} on this machine: it was not built, loaded or pulled before",
        next=("docker image ls", "build with --load, or push and use the digest"),
        weight=CLEAR,
    ),
    Rule(
        code=Code.IMAGE_NOT_FOUND,
        needs=("does not resolve to an image", "does not have the image", "not found in local", "not present locally"),
        pattern=r"does not resolve to an image id|reference \"?\S+\"? does not resolve"
        r"|image \"?(?P<image>[^\s\"]+)\"? (?:was )?(?:not found in (?:the )?local"
        r"|is not present locally|not present locally)",
        unless=r"pulling|unable to find image '",
        cause="there is no image {image|} on this machine: it was not built, loaded or pulled before",
        weight=CLEAR - 5,
    ),
)  # fmt: skip

ARCHITECTURE = (
    Rule(
        code=_PLATFORM,
        needs=("unexpected architecture", "unexpected operating system", "unexpected os"),
        pattern=r"image has unexpected (?:architecture|operating system|os|variant) \"?(?P<got>[\w/]+)\"?"
        r"(?:, which differs from the user specified \w+ \"?(?P<platform>[\w/]+))?",
        cause="the image is for {got|another platform}, and {platform|this one} is wanted",
        weight=CERTAIN,
    ),
    Rule(
        code=_PLATFORM,
        needs=(
            "cannot be used on this platform", "not provide the specified platform", "not match the specified platform",
            "not provide any platform", "not match the host", "not match the requested platform",
        ),
        pattern=r"image (?:operating system|architecture|os) \S+ cannot be used on this platform"
        r"|does not (?:provide|match) (?:the specified|the requested|any) platform(?: \((?P<platform>[\w/]+)\))?"
        r"|(?:architecture|platform|operating system)\b.* does not match the host\b",
        unless=r"^warning|requested image's platform",
        cause="the image has no {platform|such platform}",
        weight=CLEAR,
    ),
    Rule(
        code=_PLATFORM,
        needs=("could not open '/lib",),
        pattern=r"qemu-[\w-]+: could not open '/lib\S*ld-",
        cause="a program of another platform was started, and its libraries are not there",
        weight=CLEAR - 5,
    ),
)  # fmt: skip

JOBS = (
    Rule(
        code=Code.TOOL_MISSING,
        needs=("executable file not found",),
        pattern=r"oci runtime exec failed.*exec: \\*\"(?P<tool>(?:ba|da|a)?sh|node|git|tar|python3?"
        r"|curl)\\*\": executable file",
        cause="the program {tool|} is not in the container that the job runs in",
        next=("use a container image that has it, or run the step outside of the container",),
        weight=CLEAR,
    ),
    Rule(
        code=Code.OUT_OF_MEMORY,
        needs=("signal: killed", "status 137", "code 137"),
        pattern=r"(?:error|fatal|failed).*\b(?P<tool>syft|grype|trivy|cosign|docker|buildx|buildah|podman|skopeo|crane)\b"
        r".*(?:signal: killed|(?:status|code)[: ]+137)",
        cause="{tool|a program} was killed, most likely because memory ran out",
        weight=CLEAR,
    ),
)  # fmt: skip

RULES = (*STORE, *ARCHITECTURE, *JOBS)
