"""What the machine lacks: room, memory, programs; and programs that crash."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule, again

_MEMORY = Code.OUT_OF_MEMORY
_TOOLS = (
    r"(?P<tool>docker(?:-compose|-buildx|-credential-[\w-]+)?|buildx|buildctl|buildah"
    r"|podman|skopeo|crane|regctl|oras|cosign|notation|syft|grype|trivy|snyk|gh|jq|yq"
    r"|helm|kubectl"
    r"|aws|gcloud|az|shipseal|rekor-cli|slsa-verifier|gitsign|qemu-[\w-]+|hadolint|dive"
    r"|umoci|kaniko|ko|goreleaser|curl|wget|unzip|zstd|git)"
)

FULL = (
    Rule(
        code=Code.DISK_FULL,
        needs=(
            "no space left on device",
            "enospc",
            "disk quota exceeded",
            "not enough space on the disk",
            "not enough free space",
        ),
        pattern=r"(?:(?:write|open|mkdir|create|copy|extract\w*"
        r"|writing) (?P<path>/[^\s:]+).*?)?(?:no space left on device"
        r"|\benospc\b|disk quota exceeded|not enough space on the disk|not enough free space)",
        cause="the disk is full {path|}",
        weight=CERTAIN + 5,
    ),
)

MEMORY = (
    Rule(
        code=_MEMORY,
        needs=("code 137", "code: 137", "status 137", "status: 137", "code=137", "(137)"),
        pattern=r"exit(?:ed)?(?: with)?(?: code| status)?[: ]+137\b|returned a non-zero code: 137"
        r"|completed with exit code 137|\bcode=?137\b|exit status 137",
        cause="a program was killed (137), most likely because memory ran out",
        unless_after=r"shutdown signal|operation was cancel",
        weight=CLEAR,
    ),
    Rule(
        code=_MEMORY,
        needs=(
            "out of memory",
            "outofmemory",
            "oom-kill",
            "oomkilled",
            "oom killed",
            "cannot allocate memory",
            "memory exhausted",
            "cannot allocate ",
            "memoryerror",
            "bad_alloc",
            "killed process",
        ),
        pattern=r"javascript heap out of memory|fatal error: (?:runtime: )?out of memory|\boomkilled\b"
        r"|oom-kill|reached heap limit|java\.lang\.outofmemoryerror|cannot allocate memory"
        r"|\bmemoryerror\b|std::bad_alloc|out of memory: killed process|virtual memory exhausted"
        r"|: out of memory|: memory exhausted|xrealloc: cannot allocate|(?:error|killed).*out of memory|oom killed",
        unless=r"^\s*(?:at |test|assert|expect|failed \S+::)|cuda|raises|should",
        cause="memory ran out",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_MEMORY,
        needs=("signal: killed", "sigkill", "killed signal", "killed"),
        pattern=r"signal: killed|\(signal: 9, sigkill|terminated by signal sigkill"
        r"|killed signal terminated program (?P<program>\w+)"
        r"|killed by signal 9"
        r"|line \d+: +\d+ killed +(?P<shell>.+)|^(?:\S+\.sh: )?killed$",
        cause="a program was killed {program|}{shell|}, most likely because memory ran out",
        weight=CLEAR - 5,
    ),
)

TOOLS = (
    Rule(
        code=Code.TOOL_MISSING,
        needs=("command not found",),
        pattern=rf"(?:^|[:\s]){_TOOLS}: command not found|command not found: {again(_TOOLS)}$",
        cause="the program {tool|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("command not found",),
        pattern=r"(?:/_temp/[\w-]+\.sh|^(?:/\S+/)?(?:bash|sh|entrypoint\.sh)): (?:line )?\d+: (?P<tool>[\w.+-]+): c"
        r"ommand not found",
        cause="the program {tool|} is not installed there",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("executable file not found", "not a docker command", "unable to locate executable"),
        pattern=r"exec: \\*\"(?P<tool>[^\"\\]+)\\*\": executable file not found"
        r"|'(?P<command>\w+)' is not a docker command"
        r"|unable to locate executable file: (?P<file>[\w.-]+)",
        unless=r"runc|starting container process|oci runtime|container_linux",
        cause="the program {tool|}{command|}{file|} is not installed there",
        weight=CLEAR + 5,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=(": not found", "no such file or directory"),
        pattern=rf"(?:^|sh: )(?:line )?\d+: {_TOOLS}: not found|fork/exec (?P<path>\S*): no such file"
        rf"|/bin/{again(_TOOLS)}: no such file or directory",
        cause="the program {tool|}{path|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("no such file or directory",),
        pattern=r"^(?:xargs|sudo|nohup|nice|time|watch|exec|timeout|env): (?:failed to run command |cannot run )?\W*+"
        r"(?P<tool>\w[\w.+-]*+)[^\w.+:-]*+: no such file or directory$",
        cause="the program {tool|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("is not a git command", "unknown command"),
        pattern=r"'(?P<tool>[\w-]+)' is not a git command|unknown (?:shorthand flag"
        r"|command):? \"?(?P<tool2>buildx|compose)\"?",
        cause="the program {tool|} is not installed there",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("no such file or directory",),
        pattern=r"^(?:/usr)?/bin/env: \W*+(?P<tool>\w[\w.+-]*+)[^\w.+:-]*+: no such file",
        cause="the program {tool|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("panic:", "sigsegv", "segmentation fault", "fatal error: "),
        pattern=r"^panic: (?!test timed out)(?P<why>.*)|\bsigsegv\b|segmentation fault"
        r"|^fatal error: (?:unexpected signal"
        r"|all goroutines|concurrent map|stack overflow)",
        step=r"sbom|syft|grype|scan|trivy|cosign|attest|docker|buildx|buildah|crane|skopeo",
        named=True,
        cause="a program of this step crashed: {why|see the lines}",
        weight=LIKELY,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("sigquit: quit",),
        pattern=r"^sigquit: quit$",
        step=rf"^(?:.* / .* )?{_TOOLS}(?: |$)",
        named=True,
        cause="the tool of this step got the signal at which it shows what it does and ends (SIGQUIT)",
        weight=LIKELY,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("panic:",),
        pattern=r"^panic: (?!test timed out)(?P<why>.+)",
        cause="a program crashed, a tool or one of the job's own: {why|}",
        weight=LIKELY,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=("no such file or directory",),
        pattern=rf"FileNotFoundError: \[Errno 2\] No such file or directory: '(?:\S*/)?{_TOOLS}'",
        cause="the program {tool|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("segmentation fault", "bus error"),
        pattern=r"line \d+: +\d+ (?P<why>segmentation fault|bus error)\b",
        cause="a program crashed, a tool or one of the job's own: {why|}",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.TOOL_MISSING,
        needs=(": not found", "no such file or directory", "enoent"),
        pattern=rf"^(?:/bin/)?(?:ba|da|a)?sh: {_TOOLS}: not found|^make: {again(_TOOLS)}: no such file or directory"
        rf"|\[errno 2\] no such file or directory: '{again(_TOOLS, 3)}'|spawn {again(_TOOLS, 4)} enoent",
        cause="the program {tool|} is not installed there",
        weight=CLEAR,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("segmentation fault", "sigsegv", "fatal error: ", "(core dumped)", "panicked at"),
        pattern=r"^segmentation fault|^sigsegv: |^fatal error: (?:all goroutines"
        r"|stack overflow|unexpected signal|fault$)"
        r"|\b(?P<why>aborted|bus error|illegal instruction)\b.*\(core dumped\)|^fatal python error: "
        r"|^thread '[^']*' (?:\(\d+\) )?panicked at (?!\S*build\.rs)",
        cause="a program crashed, a tool or one of the job's own: {why|see the lines}",
        weight=LIKELY,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("github.com/",),
        following=True,
        pattern=r"github\.com/(?:(?:anchore|sigstore|aquasecurity|moby|docker|containers)/(?P<tool>syft"
        r"|grype|cosign|trivy|buildkit|buildx|skopeo|buildah)\b"
        r"|google/go-containerregistry/cmd/(?P<tool2>g?crane|krane)\b"
        r"|google/(?P<tool3>ko)/(?:pkg/)?commands?\b)",
        after=r"^panic: |runtime error: |sigsegv|goroutine \d+ \[",
        cause="{tool|the tool} crashed",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.TOOL_CRASHED,
        needs=("goroutine ", "panic:"),
        pattern=r"^goroutine \d+ \[running|^panic: runtime error",
        cause="a program crashed",
        weight=10,
    ),
)

RULES = (*FULL, *MEMORY, *TOOLS)
