"""Scripts that fail by themselves, some with words that a cause of the runbook has too."""

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene

UNKNOWN = "unknown"


@rules(UNKNOWN, "bash", live=True)
def ordinary_unbound(scene: Scene) -> None:
    """A script of bash uses a variable that is not set."""
    scene.step('set -u\necho "releasing $VERSION"')


@held(UNKNOWN, "bash", style=Style.ACTIONS)
def ordinary_bash_syntax(scene: Scene) -> None:
    """A script of bash has an `if` without an end."""
    scene.step('if [ -n "$CI" ]; then\n  echo tagging')


@rules(UNKNOWN, "git", style=Style.ACTIONS)
def ordinary_git_conflict(scene: Scene) -> None:
    """A merge of git conflicts."""
    scene.environment |= {
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    scene.setup(
        "git init -qb main; echo 1 > VERSION; git add .; git commit -qm 1; git checkout -qb next; echo 2 > VERSION; "
        "git commit -qam 2; git checkout -q main; echo 3 > VERSION; git commit -qam 3"
    )
    scene.step("git merge --no-edit next")


@held(UNKNOWN, "git")
def ordinary_git_pathspec(scene: Scene) -> None:
    """A branch that git does not know is checked out."""
    scene.setup("git init -q .")
    scene.step("git checkout release/1.4")


@held(UNKNOWN, "git", style=Style.ACTIONS)
def ordinary_dirty_tree(scene: Scene) -> None:
    """A check finds that generated files were not committed."""
    scene.setup(
        "git init -q .; echo a > docs.md; git add .; git -c user.name=a -c user.email=a@example.org commit -qm x"
    )
    scene.step("echo b >> docs.md\ngit diff --exit-code")


@rules(UNKNOWN, "bash", style=Style.ACTIONS)
def ordinary_after_handled_failures(scene: Scene) -> None:
    """A script tries what may fail, goes on, and fails at something else of its own."""
    scene.step(
        "curl -fsS http://127.0.0.1:9/health || echo 'not up yet (connection refused), going on'\n"
        "echo 'warning: no space left on device was seen last week, see the wiki'\n"
        "echo 'Checking 14 files'\necho 'E302 expected 2 blank lines'\nexit 1"
    )


@held(UNKNOWN, "bash", style=Style.ACTIONS)
def ordinary_permission_denied_file(scene: Scene) -> None:
    """A script of the repository is not executable."""
    scene.file("scripts/release.sh", "#!/bin/sh\necho ok\n").chmod(0o644)
    scene.step("./scripts/release.sh")


@held(UNKNOWN, "jq")
def ordinary_jq(scene: Scene) -> None:
    """Jq is given what is no JSON."""
    scene.file("plan.json", "version: 1.4.2\n")
    scene.step("jq -r .version plan.json")


@held(UNKNOWN, "sed")
def ordinary_missing_file(scene: Scene) -> None:
    """A file that a script wants is not there."""
    scene.step("cat CHANGELOG.md | sed -n '1,/^## /p'\ncp dist/app.tar.gz release/")


@rules(UNKNOWN, "mypy")
def ordinary_mypy(scene: Scene) -> None:
    """A type check fails."""
    scene.file("app.py", "def port() -> int:\n    return '8080'\n")
    scene.step("mypy --strict --no-incremental app.py")


@held(UNKNOWN, "ruff", style=Style.ACTIONS)
def ordinary_ruff(scene: Scene) -> None:
    """A linter complains."""
    scene.file("app.py", "import os\nimport sys\n\nx=undefined_name\n")
    scene.step("ruff check --isolated --output-format=github app.py")


@rules(UNKNOWN, "ruby")
def ordinary_ruby(scene: Scene) -> None:
    """A script of Ruby calls what is not there."""
    scene.file("tag.rb", "puts nil.upcase\n")
    scene.step("ruby tag.rb")


@held(UNKNOWN, "perl")
def ordinary_perl(scene: Scene) -> None:
    """A script of Perl dies with words that sound like an outage."""
    scene.file(
        "check.pl",
        'my %codes = (503 => "service unavailable");\ndie "no text for code 502 in table (have: 503 $codes{503})";\n',
    )
    scene.step("perl check.pl")
