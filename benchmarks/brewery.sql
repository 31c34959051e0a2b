-- What applications keep: names, texts, JSON, numbers, times and uuids. Its dump compresses as such data does, to a fifth or
-- a third with zstd. The same in each run. Variable: scale (100 is about 1 GB).
SELECT setseed(0.42);
-- As an array of names, which are of one length: the n-th is found at once.
CREATE FUNCTION words() RETURNS name[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(word::name ORDER BY n) FROM (SELECT n, (SELECT string_agg((ARRAY['an','be','cor','da','el','fi','gra','hop','in','ka','lo','malt',
		'ne','or','pil','qua','rye','sto','tan','u','ver','wit','yeast','zy'])[1 + (hashint8(n * 7 + i) & 2147483647) % 24], '')
		FROM generate_series(1, 1 + n % 4) i) FROM generate_series(0, 4095) n) w (n, word) $$;
-- One at random: as in every language, a few make most of a text.
CREATE FUNCTION at_random() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 + (4095 * random() ^ 6)::int';
CREATE TABLE drinker (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uid uuid NOT NULL UNIQUE, name text NOT NULL, email text NOT NULL,
	created timestamptz NOT NULL, settings jsonb NOT NULL, balance numeric(12, 2) NOT NULL);
INSERT INTO drinker (uid, name, email, created, settings, balance)
SELECT md5(i::text)::uuid, initcap(w[at_random()] || ' ' || w[at_random()]), w[at_random()] || i || '@' || w[at_random()] || '.example',
	'2020-01-01'::timestamptz + random() * interval '5 years',
	jsonb_build_object('theme', w[1 + i % 5], 'newsletter', random() < 0.3, 'favourite', w[at_random()], 'seen', (1000 * random())::int),
	(random() * 10000)::numeric(12, 2)
FROM generate_series(1, 10000 * :scale) i, (SELECT words() AS w) d;
CREATE TABLE pint (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, drinker bigint NOT NULL REFERENCES drinker, at timestamptz NOT NULL,
	price numeric(8, 2) NOT NULL, strength double precision NOT NULL, tags text[] NOT NULL);
INSERT INTO pint (drinker, at, price, strength, tags)
SELECT 1 + (random() * (10000 * :scale - 1))::bigint, '2020-01-01'::timestamptz + i * interval '10 seconds', (random() * 10)::numeric(8, 2), round(random() * 120) / 10,
	ARRAY[w[at_random()], w[at_random()]]::text[]
FROM generate_series(1, 30000 * :scale) i, (SELECT words() AS w) d;
CREATE INDEX ON pint (drinker);
CREATE TABLE review (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, drinker bigint NOT NULL REFERENCES drinker, at timestamptz NOT NULL, text text NOT NULL);
INSERT INTO review (drinker, at, text)
SELECT 1 + (random() * (10000 * :scale - 1))::bigint, '2020-01-01'::timestamptz + i * interval '1 minute',
	(SELECT string_agg(w[at_random() + 0 * n], ' ') FROM generate_series(1, 10 + i % 60) n)
FROM generate_series(1, 15000 * :scale) i, (SELECT words() AS w) d;
DROP FUNCTION words, at_random;
