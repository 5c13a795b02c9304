CREATE TABLE "results" (
	"proposal" text NOT NULL,
	"part" smallint NOT NULL,
	"asset" text NOT NULL,
	"ring" smallint,
	"started_at" timestamp with time zone,
	"done_at" timestamp with time zone,
	"end_state" text,
	"facts" text NOT NULL,
	CONSTRAINT "results_proposal_part_asset_pk" PRIMARY KEY("proposal","part","asset")
);
--> statement-breakpoint
-- Rows are written again as assets are started, end and are verified: with room beside them they stay where they are.
ALTER TABLE "results" SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE "proposals" SET (fillfactor = 50);--> statement-breakpoint
CREATE INDEX "results_asset" ON "results" USING btree ("asset","proposal");--> statement-breakpoint
-- A copy of what the states hold, which are carried over when the service starts.
DROP TABLE "deployments" CASCADE;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "format" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "votes" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "audit"."content" ADD COLUMN "kept" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE "audit"."content" SET "kept" = 2 WHERE "hash" IN (SELECT "page" FROM "audit"."events" WHERE "page" IS NOT NULL);--> statement-breakpoint
CREATE INDEX "content_unkept" ON "audit"."content" USING btree ("kept","made_at") WHERE kept < 2 and expires_at is null;--> statement-breakpoint
DROP INDEX "audit"."events_page";--> statement-breakpoint
ALTER TABLE "audit"."events" DROP COLUMN "page";--> statement-breakpoint
-- A process of an earlier version that was left running writes whole states: it must not write over what it cannot read.
CREATE FUNCTION "refuse_whole_state"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'This process is of an earlier version of Patchwarden, and the database was upgraded. Stop it, and start the new version.';
END
$$;--> statement-breakpoint
CREATE TRIGGER "proposals_refuse_whole_state" BEFORE INSERT OR UPDATE ON "proposals"
	FOR EACH ROW WHEN (NEW."state" ? 'subject') EXECUTE FUNCTION "refuse_whole_state"();
