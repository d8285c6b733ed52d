"""What buildah and buildx build alike: a Containerfile, its context, and what is said to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shipseal.build.secrets import BuildSecret, secret_flags
from shipseal.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Recipe:
    """A build from a Containerfile (or Dockerfile).

    Attributes:
        context: the folder that ``COPY`` sees, relative to the configuration's folder.
        file: path of the Containerfile, relative to the configuration's folder; None: the one in the context.
        target: stage to build; empty for the last one.
        build_args: values of ``ARG``; they stay visible in the image's history, so never secrets.
        secrets: what ``RUN --mount=type=secret`` may ask for.
        labels: added to the image's configuration.
        annotations: added to every manifest.
    """

    context: Path = Path()
    file: Path | None = None
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[BuildSecret, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        """Return flags and context as both tools take them, and the variables that their secrets need.

        Args:
            folder: where relative paths start.

        Raises:
            ConfigError: the context, the Containerfile or a secret is not there.
        """
        context, file = self._files(folder)
        flags = [f"--file={file}"]
        flags += [f"--target={self.target}"] if self.target else []
        flags += [f"--build-arg={key}={value}" for key, value in sorted(self.build_args.items())]
        flags += [f"--label={key}={value}" for key, value in sorted(self.labels.items())]
        flags += [f"--annotation={key}={value}" for key, value in sorted(self.annotations.items())]
        secrets, handed = secret_flags(self.secrets, folder)
        return [*flags, *secrets, str(context)], handed

    def _files(self, folder: Path) -> tuple[Path, Path]:
        context = (folder / self.context).resolve()
        if not context.is_dir():
            raise ConfigError(
                f"build context {context}: no such folder", hint="correct build.context"
            )
        names = [folder / self.file] if self.file else _usual(context)
        found = next((path.resolve() for path in names if path.is_file()), None)
        if found is None:
            raise ConfigError(
                f"there is no {' and no '.join(str(path) for path in names)}",
                hint="name the Containerfile in build.file",
            )
        return context, found


def _usual(context: Path) -> list[Path]:
    return [context / "Containerfile", context / "Dockerfile"]
