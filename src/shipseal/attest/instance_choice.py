"""Which instance of Sigstore signs. A decision: nothing is asked here."""

from dataclasses import dataclass
from enum import StrEnum

from shipseal.errors import Code, ConfigError

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


class Instance(StrEnum):
    """Instances that everybody can reach."""

    PUBLIC_GOOD = "public-good"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of who signs.

    Attributes:
        asked: ``auto``, or the instance that the configuration names.
        private: whether the repository is private: True as soon as either the token or the job says so, False where one
            says public, None where nobody says.
        issuer: who vouches for who signs.
        in_job: whether this is a job of a CI system, whose certificate names its repository.
    """

    asked: str
    private: bool | None
    issuer: str
    in_job: bool


def choose_instance(situation: Situation) -> tuple[Instance, str]:
    """Return the instance, and why.

    A certificate names workflow and repository, and the public log shows it to everybody, for ever. So a private
    repository goes there only where the configuration says so in so many words.

    Raises:
        ConfigError: the repository is private, or may be, and no instance of its own is known.
    """
    if situation.asked != "auto":
        return Instance(situation.asked), "the configuration says so"
    if situation.private is False:
        return Instance.PUBLIC_GOOD, "the repository is public"
    if situation.private is None and not situation.in_job:
        return Instance.PUBLIC_GOOD, "no job and no repository is named in the certificate"
    if situation.private and situation.issuer == GITHUB_ISSUER:
        return Instance.GITHUB, "the repository is private, and GitHub has an instance for those"
    what = (
        "is private" if situation.private else "may be private: neither the token nor the job says"
    )
    raise ConfigError(
        f"sign.instance: auto: the repository {what}, and the public log shows it to everybody for ever",
        hint="name an instance of your own (sign.signing_config), sign with a key, or write instance: public-good if "
        "everybody may know repository and workflow",
        code=Code.CONFIG_INVALID,
    )
