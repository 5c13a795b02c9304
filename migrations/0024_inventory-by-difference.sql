CREATE TABLE "asset_history" (
	"asset" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"until_at" timestamp with time zone,
	"software_set" integer NOT NULL,
	CONSTRAINT "asset_history_asset_from_at_pk" PRIMARY KEY("asset","from_at")
);
--> statement-breakpoint
CREATE TABLE "asset_looks" (
	"asset" text PRIMARY KEY NOT NULL,
	"observed_at" timestamp with time zone,
	"lists_refreshed_at" timestamp with time zone,
	"checked_at" timestamp with time zone NOT NULL,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "dirty" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"team" text,
	"feed" text,
	"version" integer,
	"why" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pending_sets" (
	"id" serial PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"updates" "bytea" NOT NULL,
	"size" integer NOT NULL,
	"security" integer NOT NULL,
	CONSTRAINT "pending_sets_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "pending_updates" (
	"id" serial PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"item" jsonb NOT NULL,
	CONSTRAINT "pending_updates_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "pending_set" integer;--> statement-breakpoint
ALTER TABLE "software_sets" ADD COLUMN "size" integer;--> statement-breakpoint
-- What follows, up to the next such line, is written by hand: what is there is moved.
ALTER TABLE "asset_looks" SET (fillfactor = 50);--> statement-breakpoint
-- Ids are packed in one of two forms, as store/packed-ids.ts says: of each four bytes, or to the next byte below 128.
UPDATE "software_sets" SET "size" = CASE get_byte("packages", 0)
	WHEN 0 THEN (length("packages") - 1) / 4
	ELSE (SELECT count(*) FROM generate_series(1, length("packages") - 1) AS "at" WHERE get_byte("packages", "at") < 128)
END;--> statement-breakpoint
ALTER TABLE "software_sets" ALTER COLUMN "size" SET NOT NULL;--> statement-breakpoint
-- A set is of one platform, one in which nothing is, too. Hashes of the others are made anew when they are seen again.
INSERT INTO "software_sets" ("hash", "packages", "size")
SELECT encode(sha256(convert_to("platform" || E'\n', 'UTF8')), 'hex'), '\x01', 0
FROM (SELECT DISTINCT "asset" ->> 'platform' AS "platform" FROM "assets" JOIN "software_sets" "empty" ON "empty"."id" = "software_set"
	WHERE "empty"."size" = 0) AS "platforms";--> statement-breakpoint
UPDATE "assets" SET "software_set" = "new"."id"
FROM "software_sets" "old", "software_sets" "new"
WHERE "old"."id" = "assets"."software_set" AND "old"."size" = 0
	AND "new"."hash" = encode(sha256(convert_to(("asset" ->> 'platform') || E'\n', 'UTF8')), 'hex');--> statement-breakpoint
-- Lists of pending updates, and these, each once; the latter in the order in which they stand in sets, with canonical JSON.
CREATE TEMPORARY TABLE "old_lists" ON COMMIT DROP AS
SELECT row_number() OVER () AS "list", "pending" FROM (SELECT DISTINCT "pending" FROM "assets"
	WHERE "software_set" IS NOT NULL AND ("pending" <> '[]' OR "lists_refreshed_at" IS NOT NULL)) AS "lists";--> statement-breakpoint
CREATE TEMPORARY TABLE "old_items" ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY "item" ->> 'name' COLLATE "C", "item" ->> 'architecture' COLLATE "C",
	"item" ->> 'candidate' COLLATE "C", "text" COLLATE "C"))::integer AS "id", "item", "text"
FROM (SELECT DISTINCT "item" FROM "old_lists" CROSS JOIN LATERAL jsonb_array_elements("pending") AS "e" ("item")) AS "items"
CROSS JOIN LATERAL (
	SELECT '{' || string_agg(to_json("key")::text || ':' || CASE jsonb_typeof("value")
		WHEN 'array' THEN '[' || coalesce((SELECT string_agg("each"::text, ',' ORDER BY "at")
			FROM jsonb_array_elements("value") WITH ORDINALITY AS "e" ("each", "at")), '') || ']'
		ELSE "value"::text END, ',' ORDER BY "key" COLLATE "C") || '}' AS "text"
	FROM jsonb_each("item")) AS "canonical";--> statement-breakpoint
INSERT INTO "pending_updates" ("id", "hash", "item")
SELECT "id", encode(sha256(convert_to("text", 'UTF8')), 'hex'), "item" FROM "old_items";--> statement-breakpoint
SELECT setval(pg_get_serial_sequence('pending_updates', 'id'), coalesce(max("id"), 0) + 1, false) FROM "pending_updates";--> statement-breakpoint
CREATE TEMPORARY TABLE "old_sets" ON COMMIT DROP AS
SELECT "list",
	encode(sha256(convert_to(coalesce(string_agg("text", E'\n' ORDER BY "id"), ''), 'UTF8')), 'hex') AS "hash",
	'\x00'::bytea || coalesce(string_agg(int4send("id"), ''::bytea ORDER BY "id"), '') AS "updates",
	count("id")::integer AS "size", (count(*) FILTER (WHERE "item" -> 'security' = 'true'))::integer AS "security"
FROM (SELECT DISTINCT "list", "id" FROM "old_lists"
	LEFT JOIN LATERAL jsonb_array_elements("pending") AS "e" ("each") ON true
	LEFT JOIN "old_items" ON "item" = "each") AS "members"
LEFT JOIN "old_items" USING ("id") GROUP BY "list";--> statement-breakpoint
INSERT INTO "pending_sets" ("hash", "updates", "size", "security")
SELECT DISTINCT ON ("hash") "hash", "updates", "size", "security" FROM "old_sets" ORDER BY "hash";--> statement-breakpoint
INSERT INTO "asset_looks" ("asset", "observed_at", "lists_refreshed_at", "checked_at", "problem")
SELECT "id", "observed_at", "lists_refreshed_at", "checked_at", "problem" FROM "assets";--> statement-breakpoint
INSERT INTO "asset_history" ("asset", "from_at", "software_set")
SELECT "id", "observed_at", "software_set" FROM "assets"
WHERE "observed_at" IS NOT NULL AND "software_set" IS NOT NULL;--> statement-breakpoint
-- The lists are emptied with it, so that what they take becomes free.
UPDATE "assets" SET "pending_set" = "pending_sets"."id", "pending" = '[]'
FROM "old_lists" JOIN "old_sets" USING ("list") JOIN "pending_sets" USING ("hash")
WHERE "software_set" IS NOT NULL AND "assets"."pending" = "old_lists"."pending"
	AND ("assets"."pending" <> '[]' OR "lists_refreshed_at" IS NOT NULL);--> statement-breakpoint
ANALYZE "assets", "asset_looks", "asset_history", "software_sets", "pending_sets", "pending_updates";--> statement-breakpoint
-- Written by hand up to here.
ALTER TABLE "asset_history" ADD CONSTRAINT "asset_history_software_set_software_sets_id_fk" FOREIGN KEY ("software_set") REFERENCES "public"."software_sets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "asset_history_software_set" ON "asset_history" USING btree ("software_set");--> statement-breakpoint
CREATE INDEX "dirty_team" ON "dirty" USING btree ("team");--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_pending_set_pending_sets_id_fk" FOREIGN KEY ("pending_set") REFERENCES "public"."pending_sets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assets_software_set" ON "assets" USING btree ("software_set");--> statement-breakpoint
CREATE INDEX "assets_pending_set" ON "assets" USING btree ("pending_set");--> statement-breakpoint
ALTER TABLE "assets" DROP COLUMN "pending";--> statement-breakpoint
ALTER TABLE "assets" DROP COLUMN "lists_refreshed_at";--> statement-breakpoint
ALTER TABLE "assets" DROP COLUMN "observed_at";--> statement-breakpoint
ALTER TABLE "assets" DROP COLUMN "problem";--> statement-breakpoint
ALTER TABLE "assets" DROP COLUMN "checked_at";
