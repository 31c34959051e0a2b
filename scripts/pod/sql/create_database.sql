-- From template0, as the source was. Variables: name, owner, encoding, locale, ctype, provider, icu, rules.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L LOCALE_PROVIDER %s%s%s%s',
	:'name', :'owner', :'encoding', :'locale', :'ctype', :'provider',
	CASE :'provider' WHEN 'icu' THEN ' ICU_LOCALE ' || quote_literal(:'icu') END,
	CASE WHEN :'rules' <> '' THEN ' ICU_RULES ' || quote_literal(:'rules') END,
	CASE :'provider' WHEN 'builtin' THEN ' BUILTIN_LOCALE ' || quote_literal(:'icu') END) \gexec
