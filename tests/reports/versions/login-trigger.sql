-- 17 and newer: a trigger that lets nobody in who does not come over the network. In a drill nobody has an address.
create function only_from_the_network() returns event_trigger language plpgsql security definer as $$
begin
  if session_user = 'app' and inet_client_addr() is null then raise exception 'log in over the network only'; end if;
end $$;
create event trigger only_from_the_network on login execute function only_from_the_network();
alter event trigger only_from_the_network enable always;
create table t as select 1 as n;
