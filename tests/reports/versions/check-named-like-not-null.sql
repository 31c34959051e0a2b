-- A check constraint that has the name which 18 gives to NOT NULL. Earlier releases of 18 refused the table; this one gives
-- its own another name.
-- right: whole
create table channel (id int primary key, channel_type text not null,
  constraint channel_channel_type_not_null check (channel_type is not null));
insert into channel values (1, 'x');
