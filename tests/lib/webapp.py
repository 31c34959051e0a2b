"""A real application on the database: Django with its own auth migrations and a settings table.

usage: python -m tests.lib.webapp migrate | create-user NAME | login NAME

Where the database is comes from PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD; the
application user's password from WEBAPP_PASSWORD. `login` exits with 1 when it is refused.
"""

import os
import sys


def configure() -> None:
    """Set Django up on the database that the environment names."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.admin",
            "django.contrib.messages",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": os.environ["PGHOST"],
                "PORT": os.environ["PGPORT"],
                "NAME": os.environ["PGDATABASE"],
                "USER": os.environ["PGUSER"],
                "PASSWORD": os.environ["PGPASSWORD"],
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="only-for-tests",
        USE_TZ=True,
    )
    django.setup()


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit status."""
    configure()
    from django.contrib.auth import authenticate, get_user_model
    from django.core.management import call_command

    match arguments:
        case ["migrate"]:
            call_command("migrate", verbosity=0)
        case ["create-user", name]:
            get_user_model().objects.create_user(name, password=os.environ["WEBAPP_PASSWORD"])
        case ["login", name]:
            user = authenticate(username=name, password=os.environ["WEBAPP_PASSWORD"])
            return 0 if user is not None and user.is_active else 1
        case _:
            return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
