CREATE TABLE "audit"."entries" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"stream" text NOT NULL,
	"seq" integer NOT NULL,
	"entry" text NOT NULL,
	"hash" text NOT NULL,
	"salt" text,
	"beside" text
);
--> statement-breakpoint
CREATE TABLE "persons" (
	"pseudonym" text PRIMARY KEY NOT NULL,
	"person" text,
	"name" text,
	CONSTRAINT "persons_person_unique" UNIQUE("person")
);
--> statement-breakpoint
CREATE TABLE "persons_version" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"version" text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "entries_stream_seq" ON "audit"."entries" USING btree ("stream","seq");--> statement-breakpoint
INSERT INTO "persons_version" ("version") VALUES (gen_random_uuid()::text);--> statement-breakpoint
-- A process of an earlier version that was left running may be writing: what it wrote stays, and it writes no more. In the
-- order in which it locks them, so that the two do not wait for each other.
LOCK TABLE "proposals", "audit"."events" IN ACCESS EXCLUSIVE MODE;--> statement-breakpoint
-- Entries come after all events of earlier versions.
SELECT setval('audit.entries_id_seq', (SELECT coalesce(max("position"), 0) + 1 FROM "audit"."events"), false);--> statement-breakpoint
CREATE FUNCTION "refuse_earlier_version"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'This process is of an earlier version of Patchwarden, and the database was upgraded. Stop it, and start the new version.';
END
$$;--> statement-breakpoint
CREATE TRIGGER "events_refuse" BEFORE INSERT OR UPDATE ON "audit"."events"
	FOR EACH STATEMENT EXECUTE FUNCTION "refuse_earlier_version"();--> statement-breakpoint
DROP TRIGGER "proposals_refuse_whole_state" ON "proposals";--> statement-breakpoint
DROP FUNCTION "refuse_whole_state"();--> statement-breakpoint
CREATE TRIGGER "proposals_refuse_earlier_state" BEFORE INSERT OR UPDATE ON "proposals"
	FOR EACH ROW WHEN (NEW."format" < 3) EXECUTE FUNCTION "refuse_earlier_version"();--> statement-breakpoint
-- The entries as they are asked by hand.
CREATE VIEW "audit"."facts" AS
SELECT "id", "stream", "seq", ("text" ->> 'at')::timestamptz AS "at", "text" ->> 'by' AS "by", "text" ->> 'event' AS "event",
	"text" -> 'facts' AS "facts", "beside"
FROM (SELECT "id", "stream", "seq", "entry"::jsonb AS "text", "beside"::jsonb FROM "audit"."entries") AS "entries";
