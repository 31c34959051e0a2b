"""Relations by chance, and what belongs to them: each function makes one, on what is there already."""

from tests.lib.anyschema import Table, World
from tests.lib.postgres import literal


def a_table(w: World) -> str:
    """Make a table with rows, on types, functions and tables that are there."""
    table = Table(w.new(), {})
    lines = []
    for _ in range(w.one([1, 2, 3, 5])):
        column, kind = w.name(), w.type()
        table.columns[column] = kind
        default = w.one(["", "", f"default {w.value(kind)}", "not null"])
        lines.append(f"{column} {kind} {default}")
    if w.one([True, True, False]):
        table.key = w.name()
        identity = w.one(["serial", "int generated always as identity (start 5)", "bigserial"])
        lines.append(f"{table.key} {identity} primary key")
    number = w.of_type(table, "int")
    text = w.of_type(table, "text", "varchar(20)", "char(3)")
    keyed = [x for x in w.tables if x.key]
    lines += [w.perhaps(f"check ({w.call(number)} is distinct from 77)")] if number else []
    lines += (
        [w.perhaps(f"{w.name()} int generated always as ({w.call(number)}) stored")]
        if number
        else []
    )
    lines += (
        [
            w.perhaps(
                f"constraint {w.name()} check ({text} in ('a', 'b', '') or lower({text}) <> 'q')"
            )
        ]
        if text
        else []
    )
    lines += [w.perhaps(f"unique nulls not distinct ({number or text})")] if number or text else []
    lines += (
        [w.perhaps(f"{w.name()} int references {w.one(keyed).name} deferrable")] if keyed else []
    )
    w.tables.append(table)
    columns = ", ".join(x for x in lines if x)
    rows = [
        ", ".join(w.value(kind) for kind in table.columns.values()) for _ in range(w.one([0, 1, 3]))
    ]
    into = f"insert into {table.name} ({', '.join(table.columns)}) values"
    return "\n;".join(
        [
            f"create {w.one(['', '', '', 'unlogged'])} table {table.name} ({columns})",
            *[f"{into} ({x})" for x in rows],
        ]
    )


def a_partitioned(w: World) -> str:
    """Make a partitioned table, parts of it in other schemas, a part of a part."""
    table = Table(w.new(), {"k": "int", "at": "date", "line": "text"}, parent=False)
    w.tables.append(table)
    first, rest = w.new(), w.new()
    by, bounds = w.one(
        [
            ("list (k)", ["for values in (1, 2, null)", "default"]),
            (
                "range (k)",
                ["for values from (minvalue) to (10)", "for values from (10) to (maxvalue)"],
            ),
            (
                "hash (k)",
                [
                    "for values with (modulus 2, remainder 0)",
                    "for values with (modulus 2, remainder 1)",
                ],
            ),
            (f"list (({w.call('k')}))", ["for values in (1)", "default"]),
        ]
    )
    return f"""create table {table.name} (k int, at date default '2026-01-01', line text) partition by {by};
    create table {first} (line text, gone int, at date, k int); alter table {first} drop gone;
    alter table {table.name} attach partition {first} {bounds[0]};
    create table {rest} partition of {table.name} {bounds[1]} partition by range (at);
    create table {w.new()} partition of {rest} for values from ('2026-01-01') to ('2027-01-01');
    insert into {table.name} values (1), (2), (11), (40)"""


def a_child(w: World) -> str:
    """Make a table that inherits, with a column before those of its parent."""
    parents = [x for x in w.tables if x.columns and x.parent] or [Table("none", {})]
    parent = w.one(parents)
    child = Table(w.new(), dict(parent.columns))
    w.tables.append(child)
    return f"create table {child.name} (own int default {w.call('4')}, check (own > 0)) inherits ({parent.name}); insert into {child.name} default values"


def a_view(w: World) -> str:
    """Make a view, plain or filled, over tables and views."""
    base, other = w.relation(), w.relation()
    if not base or not other or not base.columns:
        return ""
    column = w.one(list(base.columns))
    view = Table(w.new(), {"v": base.columns[column]})
    text = w.one(
        [
            f"select {column} as v from {base.name}",
            f"select a.{column} as v, {w.call('1')} as n from {base.name} a left join {other.name} b on true",
            f"select {column} as v, count(*) as n from {base.name} group by 1 order by 2",
            f"select {column} as v, lower('X') as low, 'a'::text = 'b' as same, a as whole from {base.name} a",
            f"with recursive r as (select 1 as i union all select i + 1 from r where i < 3) select {column} as v, i from r, {base.name}",
            f"select x.{column} as v from {base.name} x join {base.name} y using ({column})",
        ]
    )
    made = f"create {w.one(['', 'materialized'])} view {view.name} as {text}"
    w.views.append(view)
    return made


def a_part(w: World) -> str:
    """Make what belongs to a table."""
    if not w.tables:
        return ""
    table = w.one(w.tables)
    column = w.one(list(table.columns) or ["own"])
    number, text = w.of_type(table, "int") or "1", w.of_type(table, "text", "varchar(20)")
    lower = f"lower({text or 'null'})"
    name, function = w.name(), w.new()
    body = f"begin perform {w.one(w.functions or ['abs'])}(1); return new; end"
    trigger = f"create function {function}() returns trigger language plpgsql as {literal(body)}"
    return w.one(
        [
            f"create index {name} on {table.name} (({w.call(number)})) where {number} > 1",
            f"create index on {table.name} ({column} desc nulls last)",
            f"create index {name} on {table.name} using {w.one(['gin', 'gist', 'hash', 'brin', 'spgist'])} ({column})",
            f"create unique index on {table.name} (({lower}))",
            f"{trigger}; create trigger {name} before insert on {table.name} for each row when (new.{column} is distinct from null) execute function {function}();"
            + w.perhaps(f"alter table {table.name} disable trigger {name}"),
            f"create rule {name} as on delete to {table.name} where old.{column} is null do instead nothing",
            f"alter table {table.name} enable row level security; create policy {name} on {table.name} to {w.role()} using ({w.call(number)} > 0)",
            f"create statistics {w.new()} on {', '.join(list(table.columns)[:2])}, ({lower}) from {table.name}",
            f"alter table {table.name} add constraint {name} check ({w.call(number)} < 9) not valid",
            f"alter table {table.name} drop column {column} cascade",
            f"alter table {table.name} alter {column} set statistics 7, alter {column} set storage external, replica identity full",
            f"alter table {table.name} add {name} {w.type()}, set (fillfactor = 50, autovacuum_enabled = off)",
            f"create function {function}({table.name}) returns boolean language sql immutable as {literal(f'select $1.{column} is not null')};"
            f" alter table {table.name} add check ({function}({table.local}) is not null)",
            f"create publication {name} for table {table.name} ({column}) where ({column} is not null)",
        ]
    )
