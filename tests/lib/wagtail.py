"""A large Django application, Wagtail, and models with what django.contrib.postgres has.

usage: PYTHON -m tests.lib.wagtail migrate | fill | use   (with the Python of `python()`)

Where the database is comes from PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.
"""

import os
import subprocess
import sys
from pathlib import Path

from bootstrap import venv
from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY
from toolchain.locking import exclusive

DIRECTORY = REPOSITORY / ".tools" / "foreign"
APPS = [
    *[
        "wagtail",
        "wagtail.admin",
        "wagtail.contrib.forms",
        "wagtail.contrib.redirects",
        "wagtail.documents",
    ],
    *[
        "wagtail.embeds",
        "wagtail.images",
        "wagtail.search",
        "wagtail.sites",
        "wagtail.snippets",
        "wagtail.users",
    ],
    *[
        "wagtail.contrib.settings",
        "wagtail.contrib.search_promotions",
        "modelcluster",
        "taggit",
        "modelsearch",
    ],
    *[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.postgres",
    ],
    *[
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "tests.foreign.brewery",
    ],
]
MIGRATE, FILL, USE = "migrate", "fill", "use"
LONGEST = 240.0


def python() -> Path:
    """Return the interpreter of an environment that has it, made once."""
    with exclusive(DIRECTORY.with_name(".foreign.lock")):
        venv.install(DIRECTORY, REPOSITORY / "tests/foreign/requirements.lock", "Wagtail")
    return DIRECTORY / "bin" / "python"


def run(word: str, server: Server, database: str, user: str, password: str) -> None:
    """Do one thing with a database as its application."""
    done = subprocess.run(
        [python(), "-m", "tests.lib.wagtail", word],
        cwd=REPOSITORY,
        env={
            "PATH": os.environ["PATH"],
            **server.client(user, password, "127.0.0.1"),
            "PGDATABASE": database,
        },
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def configure() -> None:
    """Set Django up on the database that the environment names."""
    import django
    from django.conf import settings

    names = {
        "HOST": "PGHOST",
        "PORT": "PGPORT",
        "NAME": "PGDATABASE",
        "USER": "PGUSER",
        "PASSWORD": "PGPASSWORD",
    }
    place = {key: os.environ[name] for key, name in names.items()}
    settings.configure(
        INSTALLED_APPS=APPS,
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **place}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="only-for-tests",
        SILENCED_SYSTEM_CHECKS=["wagtailadmin.W003", "admin.E403", "admin.E409"],
        STATIC_URL="/static/",
        USE_TZ=True,
        WAGTAIL_SITE_NAME="foreign",
        WAGTAILADMIN_BASE_URL="http://localhost",
        WAGTAILSEARCH_BACKENDS={"default": {"BACKEND": "wagtail.search.backends.database"}},
    )
    django.setup()


def main() -> None:
    """Do what the word asks for."""
    configure()
    from django.core.management import call_command

    from tests.foreign.brewery import work

    if sys.argv[1] == MIGRATE:
        work.extend()
        # Tables of an application without migrations come first.
        call_command("migrate", run_syncdb=True, verbosity=0)
    else:
        {FILL: work.fill, USE: work.use}[sys.argv[1]]()


if __name__ == "__main__":
    main()
