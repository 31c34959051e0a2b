"""Ways to alter the schema BASE of tests/lib/kinds.py in silence, one object at a time."""

from typing import NamedTuple


class Alteration(NamedTuple):
    """One object made different, as a faulty program would leave it."""

    kind: str
    sql: str
    tells: str
    """The identity of the object that must be named, as sql/objects.sql writes it."""


_TEXT = r"""
schema | drop schema attic cascade | attic
schema | alter schema shop owner to writer | shop
schema | revoke usage on schema shop from reader | shop
schema | create schema cellar | cellar
schema | revoke grant option for create on schema shop from writer | shop
schema | grant create on schema public to reader | public
schema | drop schema public cascade | public
table | drop table shop.cache | shop.cache
table | alter table shop.cache set logged | shop.cache
table | create table shop.extra (i int) | shop.extra
table | alter table shop.person set (fillfactor = 71) | shop.person
table | alter table shop.person set (toast.autovacuum_enabled = on) | shop.person
table | alter table shop.person owner to writer | shop.person
table | revoke select on shop.person from reader | shop.person
table | revoke grant option for insert on shop.person from writer | shop.person
table | alter table shop.person disable row level security | shop.person
table | alter table shop.person no force row level security | shop.person
table | alter table shop.cache replica identity nothing | shop.cache
table | alter table shop.child no inherit shop.parent | shop.child
table | alter table shop.typed not of | shop.typed
table | alter table shop.log detach partition shop.log_rest | shop.log_rest
table | alter table shop.log detach partition shop.log_2026; alter table shop.log attach partition shop.log_2026 for values from ('2026-02-01 00:00Z') to ('2027-01-01 00:00Z') | shop.log_2026
table | create table shop.log2 (like shop.log including all) partition by list (at); drop table shop.log; alter table shop.log2 rename to log | shop.log
table | create table shop.other (b text, a int) ; drop table shop.child; create table shop.child (c int) inherits (shop.other) | shop.child
table | alter table shop.typed rename to untyped | shop.typed
table | alter table shop.cache add w text; alter table shop.cache drop v; alter table shop.cache add v text | shop.cache
table | alter table shop.cache set access method heap_too | shop.cache
column | alter table shop.person rename notes to remarks | shop.person.notes
column | alter table shop.person drop notes | shop.person.notes
column | alter table shop.person alter ticket type bigint | shop.person.ticket
column | alter table shop.person alter name drop not null | shop.person.name
column | alter table shop.person alter id drop identity | shop.person.id
column | alter table shop.person alter id set generated always | shop.person.id
column | alter table shop.person alter notes set storage main | shop.person.notes
column | alter table shop.person alter notes set compression default | shop.person.notes
column | alter table shop.person alter age set statistics 100 | shop.person.age
column | alter table shop.person alter kind reset (n_distinct) | shop.person.kind
column | alter table shop.cache alter v type text collate "C" | shop.cache.v
column | revoke update (name) on shop.person from writer | shop.person.name
column | alter foreign table shop.distant alter id options (set column_name 'no') | shop.distant.id
column | alter table shop.cache alter v type varchar(5) | shop.cache.v
default | alter table shop.person alter kind set default 'member' | shop.person.kind
default | alter table shop.person alter ticket drop default | shop.person.ticket
default | alter table shop.person alter born set default current_date | shop.person.born
default | alter view shop.changeable alter a set default 4 | shop.changeable.a
default | alter table shop.person drop upper_name; alter table shop.person add upper_name text generated always as (lower(name)) stored | shop.person.upper_name
default | alter table shop.person alter upper_name drop expression | shop.person.upper_name
index | drop index shop.person_name | shop.person_name
index | drop index shop.person_name; create index person_name on shop.person (lower(name) text_pattern_ops desc) include (age) with (fillfactor = 60) | shop.person_name
index | drop index shop.person_name; create index person_name on shop.person (lower(name) text_pattern_ops) include (age) with (fillfactor = 60) where kind in ('guest', 'member') | shop.person_name
index | drop index shop.person_unique; create index person_unique on shop.person (ticket) | shop.person_unique
index | drop index shop.person_unique; create unique index person_unique on shop.person (ticket) | shop.person_unique
index | drop index shop.person_mood; create index person_mood on shop.person (mood) | shop.person_mood
index | update pg_index set indisvalid = false where indexrelid = 'shop.person_mood'::regclass | shop.person_mood
index | alter table shop.person set without cluster | shop.person_pkey
index | alter index shop.person_name rename to person_named | shop.person_name
index | alter index shop.person_name alter column 1 set statistics 77 | shop.person_name
index | drop index shop.counts_kind | shop.counts_kind
check constraint | alter table shop.person drop constraint person_kind | person_kind on shop.person
check constraint | alter table shop.person drop constraint person_kind; alter table shop.person add constraint person_kind check (kind in ('guest', 'member', 'x')) | person_kind on shop.person
check constraint | alter table shop.person validate constraint grown | grown on shop.person
check constraint | alter table shop.person drop constraint person_kind; alter table shop.person add constraint person_kind check (kind in ('guest', 'member')) not valid | person_kind on shop.person
foreign key | alter table shop.person drop constraint person_spouse_fkey | person_spouse_fkey on shop.person
foreign key | alter table shop.person drop constraint person_spouse_fkey, add constraint person_spouse_fkey foreign key (spouse) references shop.person on delete cascade deferrable | person_spouse_fkey on shop.person
foreign key | alter table shop.person alter constraint person_spouse_fkey deferrable initially deferred | person_spouse_fkey on shop.person
primary key | alter table shop.cache drop constraint cache_pkey | cache_pkey on shop.cache
unique constraint | alter table shop.person drop constraint person_mail_key | person_mail_key on shop.person
exclusion constraint | alter table shop.person drop constraint person_mail_excl | person_mail_excl on shop.person
trigger | drop trigger person_touched on shop.person | person_touched on shop.person
trigger | alter table shop.person disable trigger person_touched | person_touched on shop.person
trigger | alter table shop.person enable trigger person_off | person_off on shop.person
trigger | alter table shop.person enable always trigger person_touched | person_touched on shop.person
trigger | drop trigger person_touched on shop.person; create trigger person_touched before update of name on shop.person for each row when (old.kind in ('guest', 'y') or old.name <> new.name) execute function shop.touched() | person_touched on shop.person
trigger | create or replace trigger person_off before insert on shop.person for each row execute function shop.touched() | person_off on shop.person
policy | drop policy own on shop.person | own on shop.person
policy | alter policy own on shop.person to reader | own on shop.person
policy | alter policy own on shop.person using (kind in ('guest') or name = current_user) | own on shop.person
policy | alter policy narrow on shop.person with check (age > 3) | narrow on shop.person
policy | drop policy narrow on shop.person; create policy narrow on shop.person for update using (age > 1) with check (age > 2) | narrow on shop.person
rule | drop rule to_parent on shop.changeable | to_parent on shop.changeable
rule | alter table shop.parent disable rule silent | silent on shop.parent
rule | create or replace rule to_parent as on insert to shop.changeable do instead insert into shop.parent values (new.a, 'x') | to_parent on shop.changeable
view | drop view shop.adults | shop.adults
view | create or replace view shop.adults with (security_barrier) as select id, name, kind from shop.person where age > 18 and kind in ('guest') | shop.adults
view | alter view shop.adults reset (security_barrier) | shop.adults
view | alter view shop.adults rename name to called | shop.adults
view | alter view shop.adults owner to writer | shop.adults
view | revoke select on shop.adults from reader | shop.adults
view | create or replace view shop.mails as select id from shop.person where mail::text = 'a@b'::text | shop.mails
materialized view | drop materialized view shop.counts | shop.counts
materialized view | refresh materialized view shop.unfilled | shop.unfilled
materialized view | drop materialized view shop.counts; create materialized view shop.counts as select kind, count(*) + 1 as n from shop.person group by kind | shop.counts
function | drop function shop.standard(int) | shop.standard(integer)
function | create or replace function shop.doubled(n int) returns int language sql immutable strict cost 7 as 'select n * 3' | shop.doubled(integer)
function | alter function shop.doubled(int) volatile | shop.doubled(integer)
function | alter function shop.doubled(int) owner to writer | shop.doubled(integer)
function | grant execute on function shop.doubled(int) to public | shop.doubled(integer)
function | create or replace function shop.standard(n int default 6) returns int language sql stable begin atomic select n + 1; end | shop.standard(integer)
procedure | alter procedure shop.tidy() security invoker | shop.tidy()
procedure | alter procedure shop.tidy() reset search_path | shop.tidy()
procedure | drop procedure shop.tidy() | shop.tidy()
aggregate | drop aggregate shop.total(int) | shop.total(integer)
aggregate | create or replace aggregate shop.total(int) (sfunc = int4pl, stype = int, initcond = '1') | shop.total(integer)
aggregate | create or replace aggregate shop.total(int) (sfunc = int4mul, stype = int, initcond = '0') | shop.total(integer)
type | alter type shop.mood rename value 'ok' to 'fine' | shop.mood
type | alter type shop.mood add value 'bad' before 'sad' | shop.mood
type | revoke usage on type shop.mood from public | shop.mood
type | alter type shop.place add attribute town text cascade | shop.place
type | drop type shop.span | shop.span
type | alter type shop.mood owner to writer | shop.mood
domain | alter domain shop.code set default 'y' | shop.code
domain | alter domain shop.code drop not null | shop.code
domain | drop domain shop.loose | shop.loose
domain constraint | alter domain shop.code drop constraint code_form | code_form on shop.code
domain constraint | alter domain shop.loose validate constraint small | small on shop.loose
domain constraint | alter domain shop.code drop constraint code_form; alter domain shop.code add constraint code_form check (value in ('x', 'z') or value ~ '^[a-z]+$') | code_form on shop.code
operator | drop operator family shop.place_family using btree cascade; drop operator shop.<<< (shop.place, shop.place) | shop.<<<(shop.place,shop.place)
operator | alter operator shop.<<< (shop.place, shop.place) set (restrict = scalarltsel) | shop.<<<(shop.place,shop.place)
operator | alter operator shop.<<< (shop.place, shop.place) owner to app | shop.<<<(shop.place,shop.place)
operator class | drop operator class shop.place_ops using btree | shop.place_ops USING btree
operator class | alter operator class shop.place_ops using btree rename to other_ops | shop.place_ops USING btree
operator family | alter operator family shop.place_family using btree owner to app | shop.place_family USING btree
operator family | alter operator family shop.place_family using btree add operator 2 pg_catalog.<= (int, bigint) | shop.place_family USING btree
cast | drop cast (shop.place as text) | (shop.place AS pg_catalog.text)
cast | drop cast (shop.place as text); create cast (shop.place as text) with function shop.place_text(shop.place) as implicit | (shop.place AS pg_catalog.text)
cast | create cast (shop.mood as text) with inout | (shop.mood AS pg_catalog.text)
sequence | alter sequence shop.tickets increment 4 | shop.tickets
sequence | alter sequence shop.tickets owned by none | shop.tickets
sequence | alter sequence shop.tickets cycle | shop.tickets
sequence | alter sequence shop.tickets maxvalue 99 | shop.tickets
sequence | grant usage on sequence shop.tickets to writer | shop.tickets
extension | drop extension unaccent | unaccent
extension | alter extension hstore set schema attic | hstore
extension | create extension pgcrypto | pgcrypto
publication | drop publication news | news
publication | alter publication news set (publish = 'insert') | news
publication | alter publication news owner to app | news
publication | alter publication news drop table shop.typed | shop.typed in publication news
publication | alter publication news set table shop.person (id, name) where (id > 6), shop.typed | shop.person in publication news
publication | alter publication everything drop tables in schema attic | attic in publication everything
event trigger | drop event trigger watch | watch
event trigger | alter event trigger watch disable | watch
event trigger | drop event trigger watch; create event trigger watch on ddl_command_end when tag in ('CREATE VIEW') execute function shop.told() | watch
statistics | drop statistics shop.person_stats | shop.person_stats
statistics | alter statistics shop.person_stats set statistics 201 | shop.person_stats
statistics | drop statistics shop.person_stats; create statistics shop.person_stats (mcv) on kind, age from shop.person; alter statistics shop.person_stats set statistics 200 | shop.person_stats
collation | drop collation shop.german | shop.german
collation | drop collation shop.german; create collation shop.german (locale = 'C.UTF-8') | shop.german
collation | alter collation shop.german owner to app | shop.german
conversion | drop conversion shop.latin | shop.latin
conversion | alter conversion shop.latin owner to app | shop.latin
conversion | drop conversion shop.latin; create default conversion shop.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8 | shop.latin
language | drop language plshop | plshop
language | alter language plshop owner to app | plshop
language | revoke usage on language plshop from public | plshop
text search | alter text search dictionary shop.stems (language = french) | shop.stems
text search | alter text search configuration shop.words alter mapping for word with simple | shop.words
text search | drop text search configuration shop.words | shop.words
text search | drop text search parser shop.parser | shop.parser
text search | drop text search template shop.template | shop.template
transform | drop transform for shop.mood language plpgsql | for shop.mood language plpgsql
access method | drop access method heap_too | heap_too
foreign data wrapper | alter foreign data wrapper own_fdw options (set debug 'false') | own_fdw
foreign data wrapper | drop foreign data wrapper own_fdw cascade | own_fdw
foreign server | alter server far options (set host 'near') | far
foreign server | revoke usage on foreign server far from reader | far
foreign server | alter server far version '2' | far
user mapping | alter user mapping for app server far options (set password 'other') | app on server far
user mapping | drop user mapping for app server far | app on server far
user mapping | create user mapping for reader server far | reader on server far
foreign table | alter foreign table shop.distant options (set table_name 'y') | shop.distant
foreign table | drop foreign table shop.distant | shop.distant
foreign table | alter foreign table shop.distant owner to app | shop.distant
large objects | alter large object 4711 owner to app | large objects
large objects | revoke select on large object 4711 from reader | large objects
large objects | select lo_unlink(4712) | large objects
comment | comment on table shop.person is null | table shop.person
comment | comment on column shop.person.name is 'Name' | table column shop.person.name
comment | comment on function shop.doubled(int) is 'Thrice' | function shop.doubled(integer)
comment | comment on schema public is 'Changed' | schema public
default privileges | alter default privileges for role app in schema shop revoke select on tables from reader | for role app in schema shop on tables
default privileges | alter default privileges for role app in schema shop grant insert on tables to reader | for role app in schema shop on tables
default privileges | alter default privileges for role app grant execute on functions to public | for role app on functions
grants | revoke select on pg_catalog.pg_authid from reader | table pg_catalog.pg_authid
grants | grant execute on function pg_catalog.pg_sleep(float8) to public | function pg_catalog.pg_sleep(double precision)
grants | revoke execute on function public.citext(boolean) from reader | function public.citext(boolean)
"""

ALTERATIONS = tuple(
    Alteration(*(part.strip() for part in line.split(" | "))) for line in _TEXT.strip().splitlines()
)
