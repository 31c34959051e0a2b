-- A check by a setting that the application's sessions make for themselves.
-- plain: unrecognized configuration parameter "app.tenant"
-- right: left out
-- left out: own_rows: app.tenant
set app.tenant = 'north';
create table client (id int primary key, tenant text constraint own_rows check (tenant = current_setting('app.tenant')));
insert into client select i, 'north' from generate_series(1, 10) i;
