"""What the application does with its database."""

from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.postgres.search import SearchVector
from django.db import connection, models
from wagtail.models import Page

from tests.foreign.brewery.models import Batch

EXTENSIONS = ["hstore", "btree_gist", "pg_trgm"]
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def extend() -> None:
    """Make the extensions that an application may make for itself."""
    with connection.cursor() as cursor:
        for name in EXTENSIONS:
            cursor.execute(f"create extension {name}")


def add(name: str, day: int) -> None:
    """Add a user, a page below the root, and a batch."""
    user = get_user_model().objects.create_user(name, f"{name}@example.org", "s3cret")
    page = Page.get_first_root_node().add_child(instance=Page(title=f"Of {name}", owner=user))
    page.save_revision(user=user).publish()
    period = (DAY + timedelta(days=day), DAY + timedelta(days=day + 1))
    Batch.objects.create(
        name=name,
        kettle=1,
        brewer=user.email,
        tags=["ale", name],
        notes={"hops": name},
        during=period,
    )
    Batch.objects.filter(name=name).update(words=SearchVector("name"))


def fill() -> None:
    """Add rows as people do over time."""
    for day in range(20):
        add(f"brewer{day}", day)


def use() -> None:
    """Find what was there, and add to it."""
    assert Batch.objects.filter(tags__contains=["ale"], notes__has_key="hops").count() == 20
    assert Batch.objects.get(words="brewer7").shouted == "BREWER7"
    assert Batch.objects.filter(name__trigram_similar="brewer7").exists()
    assert Page.objects.get(title="Of brewer7").get_latest_revision().user.check_password("s3cret")
    assert Page.find_problems() == ([], [], [], [], [])
    add("newcomer", 20)
    for model in apps.get_models():
        if isinstance(model._meta.pk, models.AutoField) and model._meta.managed:
            assert next_number(model) > last_number(model), model


def next_number(model: type[models.Model]) -> int:
    """Return what the next row of a model gets."""
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(
            "select nextval(pg_get_serial_sequence(%s, %s))", [table, model._meta.pk.column]
        )
        found: int = cursor.fetchone()[0]
        return found


def last_number(model: type[models.Model]) -> int:
    """Return the highest that a row has."""
    found: int = model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0
    return found
