"""Who runs this command, for records that name a person."""

import getpass
import os
import socket
from collections.abc import Mapping


def person(env: Mapping[str, str]) -> str:
    """Return who is asking: the actor and run of a job in GitHub Actions, else the user of this machine."""
    if env.get("GITHUB_ACTIONS") == "true" and env.get("GITHUB_ACTOR"):
        place = f"{env.get('GITHUB_REPOSITORY', '')} run {env.get('GITHUB_RUN_ID', '')}".strip()
        return f"{env['GITHUB_ACTOR']} ({place})"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container's user often has no name.
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
