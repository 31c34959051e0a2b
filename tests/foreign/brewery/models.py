"""A model with what django.contrib.postgres has beyond other databases."""

from django.contrib.postgres import fields, indexes
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now, Upper


class Batch(models.Model):
    """What is in one kettle for a time."""

    name = models.CharField(max_length=60, db_default="a batch", db_collation="C")
    kettle = models.IntegerField()
    brewer = models.EmailField(db_collation="C", null=True)
    tags = fields.ArrayField(models.CharField(max_length=20), default=list)
    notes = fields.HStoreField(default=dict)
    during = fields.DateTimeRangeField()
    words = SearchVectorField(null=True)
    recipe = models.JSONField(default=dict)
    started = models.DateTimeField(db_default=Now())
    shouted = models.GeneratedField(
        expression=Upper("name"), output_field=models.TextField(), db_persist=True
    )
    follows = models.ForeignKey("self", models.SET_NULL, null=True)

    class Meta:
        """Indexes of each kind, and constraints that only PostgreSQL has."""

        indexes = (
            indexes.GinIndex(fields=["tags"], name="batch_tags"),
            indexes.GinIndex(fields=["notes"], name="batch_notes"),
            indexes.GinIndex(fields=["words"], name="batch_words", fastupdate=False),
            indexes.GinIndex(fields=["name"], name="batch_like", opclasses=["gin_trgm_ops"]),
            indexes.GistIndex(fields=["during"], name="batch_during", fillfactor=70),
            indexes.SpGistIndex(fields=["name"], name="batch_prefix"),
            indexes.BrinIndex(fields=["started"], name="batch_started", pages_per_range=4),
            indexes.HashIndex(fields=["brewer"], name="batch_brewer"),
            indexes.BloomIndex(fields=["kettle"], name="batch_bloom", columns=[2]),
            models.Index(Upper("name").desc(), "kettle", name="batch_shouted"),
            models.Index(fields=["kettle"], name="batch_big", condition=models.Q(kettle__gt=100)),
        )
        constraints = (
            ExclusionConstraint(
                name="batch_alone",
                expressions=[("during", fields.RangeOperators.OVERLAPS), ("kettle", "=")],
                condition=models.Q(brewer__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(kettle__in=[1, 2, 3, 101]), name="batch_kettle"
            ),
            models.UniqueConstraint(
                fields=["name", "brewer"], name="batch_once", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["name", "kettle"], name="batch_late", deferrable=models.Deferrable.DEFERRED
            ),
        )
