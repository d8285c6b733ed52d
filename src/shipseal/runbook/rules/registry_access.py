"""Credentials and rights at registries."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule
from shipseal.runbook.rules.places import API, HOST, IMAGE, URL

_UNAUTHORIZED = Code.REGISTRY_UNAUTHORIZED
_DENIED = Code.REGISTRY_DENIED
_LOGIN = "docker login {host|REGISTRY}"
_NO_CREDENTIALS = (
    "give the login step both: username: ${{ vars.REGISTRY_USER }} and password: ${{ secrets.REGISTRY_TOKEN }}",
    "check that the secrets exist: gh secret list",
)

UNAUTHORIZED = (
    Rule(
        code=_UNAUTHORIZED,
        needs=("unauthorized",),
        pattern=rf"(?:{URL}.*?)?\bunauthorized: (?:authentication required|incorrect username"
        r"|access to the requested"
        r"|invalid username|personal access token|.*\bexpired|unauthenticated|bad credentials|not authenticated"
        r"|authentication failed|failed|please|http basic|(?:the )?(?:user|credential"
        r"|client)|you (?:must|need|are not logged)"
        r"|unauthorized$|invalid credentials|invalid token|unable to|no valid)",
        unless=r"action: push|insufficient",
        cause="{host|the registry} wants credentials, and got none, wrong or expired ones (401)",
        next=(_LOGIN,),
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("unauthorized", "authorization failed"),
        pattern=r"failed to (?:authorize|fetch (?:anonymous|oauth) token).*?"
        rf"(?:{URL}.*?)?: 401 unauthorized|authorization status: 401",
        cause="{host|the registry} gives no token for these credentials: none, wrong or expired (401)",
        next=("docker login REGISTRY",),
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("unauthorized", "401 (unauthorized)", "received 401", "status code 401"),
        pattern=rf"{API}.*\b(?:401\b|unauthorized)",
        unless=r"action: push|insufficient|toomanyrequests",
        cause="{host|the registry} wants credentials, and got none, wrong or expired ones (401)",
        next=(_LOGIN,),
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("401 unauthorized",),
        pattern=r"^401 unauthorized$",
        after=r"failed to (?:authorize|fetch (?:anonymous|oauth) token)|/token\?",
        cause="the registry gives no token for these credentials: none, wrong or expired (401)",
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("invalid username/password", "unable to retrieve auth token"),
        pattern=rf"(?:logging into \"?{HOST}\"?.*)?(?:unable to retrieve auth token|invalid username/password)",
        cause="{host|the registry} does not know this user and password (401)",
        next=(_LOGIN,),
        unless=r"denied",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("no basic auth credentials",),
        pattern="no basic auth credentials",
        cause="nobody has logged in to the registry: no credentials were sent",
        weight=CERTAIN,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("username and password required", "username required", "password required"),
        pattern=r"\b(?P<what>username and password|username|password) required\s*$",
        step=r"login|docker",
        cause="the login step got no {what|credentials}: the secret or variable behind it is missing or empty",
        next=_NO_CREDENTIALS,
        weight=CLEAR,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("cannot perform an interactive login", "must provide --username"),
        pattern=r"cannot perform an interactive login from a non.?tty|must provide --username with --password-stdin",
        cause="the login got no user or password and would have asked for it: the variable behind it is empty",
        next=_NO_CREDENTIALS,
        weight=CERTAIN,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("authorization token has expired",),
        pattern="your authorization token has expired",
        cause="the token for the registry has expired",
        next=("log in again just before the push: docker login REGISTRY",),
        weight=CERTAIN,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("denied: denied", "access forbidden", "access denied"),
        pattern=rf"{URL}/v2/\"?: (?:denied: (?:denied|access forbidden)|unauthorized: http basic: access denied)",
        cause="{host|the registry} refuses the login itself: the token is wrong, expired, or not for packages",
        next=(_LOGIN,),
        weight=CLEAR + 5,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("error getting credentials",),
        pattern=r"error getting credentials - err: (?!.*not found)",
        cause="the credential helper of the Docker configuration gave no credentials",
        next=(
            "docker login REGISTRY",
            "look at credsStore and credHelpers in ~/.docker/config.json",
        ),
        weight=LIKELY,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("unauthorized", "authentication required"),
        pattern=rf"(?:reading manifest \S+ in {HOST}|initializing source|pinging container registry|error copying"
        r"|pull(?:ing)? |push(?:ing)? |login|daemon).*(?:unauthorized|authentication required)",
        unless=r"action: push|insufficient|requested access",
        cause="{host|the registry} wants credentials, and got none, wrong or expired ones (401)",
        next=(_LOGIN,),
        weight=LIKELY + 10,
    ),
)

OWN_WORDS = (
    Rule(
        code=_UNAUTHORIZED,
        needs=("no credentials found for registry",),
        pattern=r"no credentials found for registry (?P<host>\S+)",
        cause="nobody has logged in to {host|the registry}",
        next=(_LOGIN,),
        weight=CERTAIN,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("(forbidden)", "denied: denied"),
        pattern=r"requesting bearer token: invalid status code from registry 403"
        rf"|(?:{URL})?/token.*\b403: denied: denied",
        cause="{host|the registry} gives no token for these credentials: they are wrong, expired, or not for packages",
        next=(_LOGIN,),
        weight=CERTAIN,
    ),
    Rule(
        code=_UNAUTHORIZED,
        needs=("returned error: 401",),
        pattern=r"curl: \(22\).*returned error: 401",
        after=r"/v2/",
        cause="the registry wants credentials, and got none, wrong or expired ones (401)",
        weight=CLEAR,
    ),
    Rule(
        code=_DENIED,
        needs=("returned error: 403",),
        pattern=r"curl: \(22\).*returned error: 403",
        after=r"/v2/",
        cause="the registry knows who asks and does not allow this (403)",
        weight=CLEAR,
    ),
    Rule(
        code=Code.IMAGE_NOT_FOUND,
        needs=("returned error: 404",),
        pattern=r"curl: \(22\).*returned error: 404",
        after=r"/v2/",
        cause="the registry has nothing under that name (404)",
        weight=CLEAR,
    ),
)

DENIED = (
    Rule(
        code=_DENIED,
        needs=("permission_denied",),
        pattern=rf"(?:push {IMAGE}: )?.*?denied: permission_denied: (?P<why>[^\"]{{3,120}})",
        cause="the registry knows the token and does not allow this for {image|the package}: {why|permission denied}",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("installation not allowed",),
        pattern=rf"(?:push {IMAGE}: )?.*?installation not allowed to (?P<what>\w+) organi[sz]ation package",
        cause="the job's token may not {what|write} packages of this organisation (push of {image|the image})",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("expected scopes", "insufficient scope"),
        pattern=r"does not match expected scopes|access token has insufficient scopes?",
        cause="the token is valid and lacks the scope for this (`write:packages`, or Read & Write)",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("push access denied",),
        pattern=rf"push access denied.*|(?:push {IMAGE}: )push access denied",
        cause="the account may not push there, or the repository does not exist",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("requested access to the resource is denied",),
        pattern=r"(?:^|: |\] |\")(?:the )?requested access to the resource is denied",
        unless="pull access denied|repository does not exist",
        cause="the account may not do this in that repository (denied)",
        weight=CLEAR,
    ),
    Rule(
        code=_DENIED,
        needs=("unauthorized to access repository",),
        pattern=r"unauthorized to access repository: (?P<image>[^,\s]+), action: (?P<what>push|delete)",
        cause="the account may not {what|push} to {image|that repository}",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("denied", "not authorized to perform: ecr"),
        pattern=r"permission \"?(?P<what>artifactregistry\.[\w.]+)\"? denied"
        r"|not authorized to perform: (?P<right>ecr[\w-]*:\w+)",
        cause="the account lacks the right {what|to use this repository} {right|}",
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("403 forbidden", "403 (forbidden)", "received 403", "status code 403", "http 403"),
        pattern=rf"{API}.*\b403\b|(?:failed to (?:solve|push|copy|authorize|fetch oauth token)"
        r"|unexpected status|error parsing http"
        r"|pushing|writing|trying to reuse blob|reading manifest|login attempt).*\b403\b",
        unless="rate limit|api\\.github\\.com|deb\\.|/dists/|vulnerability d",
        cause="{host|the registry} knows who asks and does not allow this (403)",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_DENIED,
        needs=("denied",),
        pattern=r"^denied\.?$",
        after=r"refers to repository \[|/v2/|docker push|retrying in \d",
        cause="the account may not push there (denied)",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_DENIED,
        needs=("is requesting",),
        pattern=r"is requesting '[^']*packages: write[^']*', but is only allowed",
        cause="the workflow that calls this one does not pass `packages: write` on",
        next=("permissions: {packages: write}  # at the job that calls the reusable workflow",),
        weight=CERTAIN,
    ),
    Rule(
        code=_DENIED,
        needs=("denied: ",),
        pattern=r"(?:error response from daemon|failed to (?:push|solve|copy)|push|pull|writing"
        r"|uploading|reading manifest|copying)"
        r".*\bdenied: (?P<why>[^\"]{3,100})|^(?:error: )?denied: (?P<reason>[^\"]{3,100})$",
        unless="pull access denied|permission denied|rate limit|permission_denied|installation not|unauthorized",
        cause="the registry does not allow this: {why|}{reason|}",
        weight=LIKELY + 10,
    ),
    Rule(
        code=_DENIED,
        needs=("pull access denied",),
        pattern=r"pull access denied for (?P<image>[^\s,]+)",
        cause="or {image|the repository} exists and these credentials may not read it",
        weight=CLEAR - 10,
    ),
)

RULES = (*UNAUTHORIZED, *OWN_WORDS, *DENIED)
