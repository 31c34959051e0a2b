# The text that pg_restore makes, with the statement in the environment's OWN_PATH instead of an empty search_path.
!done && $0 == "SELECT pg_catalog.set_config('search_path', '', false);" { print ENVIRON["OWN_PATH"]; done = 1; next }
{ print }
