-- An enum got values between its values: their order is not the order of their numbers, and a check goes by it.
-- right: whole
create type mood as enum ('sad', 'happy');
alter type mood add value 'mad' before 'sad';
alter type mood add value 'ok' after 'sad';
create table feeling (id int primary key, m mood check (m >= 'mad'::mood and m < 'happy'::mood));
insert into feeling values (1, 'mad'), (2, 'ok'), (3, 'sad');
create index on feeling (m);
