"""Objects by chance of all kinds, beside the relations: each function makes one, on what is there already."""

from collections.abc import Callable

from tests.lib.anyrelation import a_child, a_part, a_partitioned, a_table, a_view
from tests.lib.anyschema import ROLES, Table, World
from tests.lib.postgres import literal


def a_type(w: World) -> str:
    """Make an enum, a composite, a range, or a domain that asks a function."""
    name = w.new()
    kind = w.one(["enum", "row", "range", "domain", "domain"])
    if kind == "enum":
        w.types[name] = ["'b'", "'a'"]
        return f"create type {name} as enum ('b', 'a', 'it''s')"
    if kind == "row":
        inner = w.type()
        w.types[name] = ["row(1, null)"]
        return f"create type {name} as (x int, y {inner})"
    if kind == "range":
        w.types[name] = ["'empty'"]
        return f"create type {name} as range (subtype = {w.one(['float8', 'text', 'int'])})"
    w.types[name] = ["3", "5"]
    return f"create domain {name} as int default 3 {w.perhaps('not null')} check ({w.call('value')} > 0)"


def a_function(w: World) -> str:
    """Make a function that calls another, by a path that is or is not its own."""
    name, other = w.new(), w.call("$1")
    short = other.split(".", 1)[-1] if "." in other else other
    text = w.one([f"select coalesce({x}, 1)" for x in (other, short)])
    head = f"create function {name}(int) returns int {w.one(['immutable', 'stable', 'immutable strict parallel safe'])}"
    path = w.one(["", f"set search_path = {w.one(w.schemas)}, pg_temp"])
    made = w.one(
        [
            f"{head} language sql {path} as {literal(text)}",
            f"{head} language plpgsql {path} as {literal(f'begin return ({text}); end')}",
            f"{head} language sql begin atomic {text}; end",
        ]
    )
    w.functions.append(name)
    return made


def a_hidden(w: World) -> str:
    """Make what hides PostgreSQL's own, where the schema comes first."""
    schema = w.one(w.schemas)
    return w.one(
        [
            f"create function {schema}.lower(text) returns text language sql immutable as 'select upper($1)'",
            f"create function {schema}.abs(int) returns int language sql immutable as 'select 7'",
            f"create function {schema}.mine(text, text) returns boolean language sql immutable as 'select false';"
            f"create operator {schema}.= (leftarg = text, rightarg = text, function = {schema}.mine)",
            f"create table {schema}.pg_class (relname name)",
            f"create type {schema}.text as enum ('no')",
        ]
    )


def a_rare(w: World) -> str:
    """Make what databases have one of."""
    name, odd, schema = w.new(), w.name(), w.one(w.schemas)
    function = w.one(w.functions or ["abs"])
    return w.one(
        [
            f"create sequence {name} as smallint increment -3 minvalue -100 cycle; select nextval({literal(name)})",
            f"create aggregate {name}(int) (sfunc = int4pl, stype = int, initcond = '5')",
            f"create operator {schema}.@#@ (rightarg = int, function = {function}); create view {name} as select operator({schema}.@#@) 3 as x",
            f"create collation {name} (provider = libc, locale = 'C'); create table {w.new()} (a text collate {name}, check (a < 'x' collate {name}))",
            f"create text search dictionary {name} (template = simple, stopwords = english); create text search configuration {w.new()} (copy = english)",
            f"create extension {w.one(['citext', 'hstore', 'ltree', 'pg_trgm', 'btree_gist'])} schema {schema}",
            f"create extension if not exists citext schema {schema}; set search_path = {schema}, pg_catalog; create table {name} (m citext unique, check (m <> 'X'));"
            f" create view {w.new()} as select m from {name} where m = 'A' or m is distinct from 'b'; insert into {name} values ('aB')",
            f"create foreign data wrapper {odd}; create server {w.name()} foreign data wrapper {odd}; create foreign table {name} (a int) server {w.name()}",
            f"create cast (text as {w.one(list(w.types) or ['xid'])}) with inout as assignment",
            f"create procedure {name}(inout n int default 5, variadic r text[] default '{{}}') language sql as {literal(f'select {function}(n)')}",
            f"create function {name}() returns event_trigger language plpgsql as 'begin perform 1; end'; create event trigger {w.name()} on ddl_command_end when tag in ('CREATE VIEW') execute function {name}()",
            f"select lo_from_bytea({w.count + 20000}, {literal(name)}); comment on large object {w.count + 20000} is 'a note'",
            f"create conversion {name} for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1",
            f"create operator class {name} for type int using btree as operator 1 <, operator 3 =, function 1 btint4cmp(int, int)",
            f"create function {name}(a int, b int default {function}(3)) returns table (x int, y {w.type()}) language sql rows 7 as 'select null, null limit 0'",
        ]
    )


def a_right(w: World) -> str:
    """Change who owns and may do what, what is said of it, and what is looked for where."""
    relation = w.relation() or Table("none", {})
    schema, role = w.one(w.schemas), w.role()
    view = w.one(w.views).name if w.views else w.new()
    comment = literal(w.one(["a note", "it's\n-- two lines", "\\x"]))
    return w.one(
        [
            f"grant select, update on {relation.name} to {role} with grant option; grant usage on schema {schema} to public",
            f"alter table {relation.name} owner to {role}",
            f"alter schema {schema} owner to {role}",
            f"revoke all on {relation.name} from postgres; grant select on {relation.name} to public",
            f"alter default privileges in schema {schema} grant all on tables to {role}",
            f"alter default privileges for role {role} revoke execute on functions from public",
            f"comment on table {relation.name} is {comment}; comment on schema {schema} is {comment}",
            f"set search_path = {', '.join(w.schemas)}, public",
            f"set search_path = {schema}",
            f"set search_path = {schema}, pg_catalog",
            f"select format('alter database %I set search_path = %s', current_database(), {literal(schema)}) \\gexec",
            f"set role {role}; create table {w.new()} (by_role serial); reset role",
            f"create or replace view {view} as select null::int as v",
            "drop schema public",
        ]
    )


KINDS: list[Callable[[World], str]] = [
    *[a_type, a_function, a_function, a_table, a_table, a_table, a_partitioned, a_child],
    *[a_view, a_view, a_part, a_part, a_part, a_part, a_rare, a_rare, a_right, a_right, a_hidden],
]


def roles() -> str:
    """Return what makes the roles."""
    return (
        "; ".join(f'create role "{role}"' for role in ROLES)
        + "; grant crew to ann with admin option"
    )
