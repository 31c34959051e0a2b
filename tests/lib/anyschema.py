"""Schemas by chance: objects of all kinds that hang on each other, odd names, and paths that mislead.

Statements that the server refuses are part of the game: what counts is what is there in the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.lib.postgres import quoted

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]
ROLES = ("ann", "Bob B.", "crew")
NAMES = [
    *[
        "t",
        "select",
        "Upper",
        "with space",
        'quo"te',
        "dot.ted",
        "back\\slash",
        "ünï",
        "lower",
        "pg_class",
        "int4",
        "user",
    ],
    *[
        "tab\tin",
        "line\nin",
        "-- no",
        "$$",
        "a" * 55,
        "%s",
        "public",
        "x'y",
        "USING (",
        "{a,b}",
        "1st",
    ],
]
"""Some are PostgreSQL's own: in the first schema of a path they hide those."""

VALUES = {
    "int": ["1", "-7", "null", "2147483647"],
    "bigint": ["1", "9223372036854775807"],
    "numeric(9,3)": ["1.5", "null"],
    "text": ["'a'", "''", "E'tab\\tline\\n\\\\.'", "'ü'"],
    "varchar(20)": ["'a'", "'b '"],
    "char(3)": ["'a'"],
    "float8": ["'NaN'", "0.1", "'-0'", "1e300"],
    "timestamptz": ["'2026-01-01 00:00Z'", "'infinity'"],
    "date": ["'2026-03-29'", "'0044-03-15 BC'"],
    "interval": ["'1 mon -3 days 04:05:06.7'"],
    "jsonb": ["""'{"a": [1, null]}'"""],
    "json": ["""'{"a":1,"a": 2}'"""],
    "bytea": [r"'\x00ff'"],
    "int[]": ["'{1,null}'", "'[0:1]={1,2}'"],
    "text[]": ["""'{a,"b c",NULL}'"""],
    "int4range": ["'[1,5)'", "'empty'"],
    "inet": ["'10.0.0.1/8'"],
    "bit(3)": ["B'101'"],
    "money": ["1"],
    "uuid": ["'00000000-0000-0000-0000-000000000001'"],
    "regclass": ["'pg_type'", "null"],
    "regtype": ["'int4'"],
    "xml": ["'<a/>'"],
    "tsvector": ["'a b'"],
    "point": ["'(1,2)'"],
    "boolean": ["true", "null"],
}


@dataclass
class Table:
    """A relation: by its columns others can hang on it."""

    name: str
    columns: dict[str, str]
    key: str | None = None
    parent: bool = True
    """Whether others can inherit from it."""

    @property
    def local(self) -> str:
        """Return its name without its schema's."""
        return self.name.split('".', 1)[1]


@dataclass
class World:
    """What was made so far, and chance."""

    draw: Draw
    schemas: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    views: list[Table] = field(default_factory=list)
    types: dict[str, list[str]] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    """Of int, to int."""
    count: int = 0

    def one(self, some: Sequence[T]) -> T:
        """Return one of some."""
        found: T = self.draw(st.sampled_from(some))
        return found

    def perhaps(self, text: str) -> str:
        """Return it every other time."""
        return self.one([text, ""])

    def name(self) -> str:
        """Return a name that nothing has yet, mostly an odd one."""
        self.count += 1
        base = self.one(NAMES)
        # The hidden ones have to be just that.
        own = base in ("lower", "pg_class", "int4") and self.one([True, False])
        return quoted(base if own else f"{base}{self.count}"[:63])

    def new(self) -> str:
        """Return a name in one of the schemas."""
        return f"{self.one(self.schemas)}.{self.name()}"

    def role(self) -> str:
        """Return a role."""
        return quoted(self.one(ROLES))

    def type(self) -> str:
        """Return a type, one of this world's every third time."""
        own = list(self.types) * max(1, len(VALUES) // (2 * max(1, len(self.types))))
        return self.one([*VALUES, *own])

    def value(self, kind: str) -> str:
        """Return a value of a type."""
        return self.one({**VALUES, **self.types}[kind])

    def call(self, argument: str) -> str:
        """Return a call of a function, where there is one."""
        found = self.one([*self.functions, "abs"])
        return f"{found}({argument})"

    def relation(self) -> Table | None:
        """Return a table or a view."""
        found = self.tables + self.views
        return self.one(found) if found else None

    def of_type(self, table: Table, *kinds: str) -> str | None:
        """Return a column of one of these types."""
        found = [c for c, kind in table.columns.items() if kind in kinds]
        return self.one(found) if found else None
