-- Included where settings of databases and roles are listed: the end of ALTER for the columns name and value. Those named
-- here hold lists that are quoted already (GUC_LIST_QUOTE); any other value is one string.
format(' SET %s TO ', (SELECT string_agg(quote_ident(p), '.') FROM unnest(string_to_array(name, '.')) p))
|| CASE WHEN lower(name) IN ('local_preload_libraries', 'search_path', 'session_preload_libraries',
	'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
	THEN coalesce(nullif(value, ''), '''''') ELSE quote_literal(value) END
