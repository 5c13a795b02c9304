CREATE TABLE "asked" (
	"proposal" text NOT NULL,
	"what" text NOT NULL,
	"number" integer NOT NULL,
	"team" text NOT NULL,
	"roles" text[] NOT NULL,
	"people" text[] NOT NULL,
	"unasked" text[] NOT NULL,
	CONSTRAINT "asked_proposal_what_pk" PRIMARY KEY("proposal","what")
);
--> statement-breakpoint
CREATE TABLE "carried" (
	"proposal" text NOT NULL,
	"family" text NOT NULL,
	"number" integer NOT NULL,
	"team" text NOT NULL,
	"edition" integer NOT NULL,
	"advisory" text NOT NULL,
	CONSTRAINT "carried_proposal_family_pk" PRIMARY KEY("proposal","family")
);
--> statement-breakpoint
CREATE TABLE "deferrals" (
	"proposal" text NOT NULL,
	"patch" text NOT NULL,
	"team" text NOT NULL,
	"priority" text NOT NULL,
	"until" timestamp with time zone NOT NULL,
	CONSTRAINT "deferrals_proposal_patch_pk" PRIMARY KEY("proposal","patch")
);
--> statement-breakpoint
CREATE TABLE "open_patches" (
	"proposal" text NOT NULL,
	"patch" text NOT NULL,
	"team" text NOT NULL,
	"platform" text NOT NULL,
	"source" text NOT NULL,
	CONSTRAINT "open_patches_proposal_patch_pk" PRIMARY KEY("proposal","patch")
);
--> statement-breakpoint
CREATE TABLE "proposal_briefs" (
	"proposal" text PRIMARY KEY NOT NULL,
	"brief" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "standing_rules" (
	"proposal" text PRIMARY KEY NOT NULL,
	"number" integer NOT NULL,
	"team" text NOT NULL,
	"name" text NOT NULL,
	"tags" text[] NOT NULL,
	"types" text[] NOT NULL,
	"until" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "watched" (
	"team" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"facts" jsonb NOT NULL
);
--> statement-breakpoint
DROP INDEX "assets_team";--> statement-breakpoint
DROP INDEX "assets_recorded_team";--> statement-breakpoint
DROP INDEX "outbox_waiting";--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "name" text GENERATED ALWAYS AS (asset ->> 'name') STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "platform" text GENERATED ALWAYS AS (asset ->> 'platform') STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "simulated" boolean GENERATED ALWAYS AS ((asset ->> 'simulated')::boolean) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "title" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "priority" text DEFAULT 'scheduled' NOT NULL;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "due_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "decision" text;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "under_way" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "tally" jsonb;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "tally_seq" integer;--> statement-breakpoint
CREATE INDEX "asked_team" ON "asked" USING btree ("team");--> statement-breakpoint
CREATE INDEX "carried_team" ON "carried" USING btree ("team","family","number");--> statement-breakpoint
CREATE INDEX "deferrals_team" ON "deferrals" USING btree ("team","until");--> statement-breakpoint
CREATE INDEX "open_patches_team" ON "open_patches" USING btree ("team","platform","source");--> statement-breakpoint
CREATE INDEX "open_patches_patch" ON "open_patches" USING btree ("patch");--> statement-breakpoint
CREATE INDEX "open_patches_source" ON "open_patches" USING btree ("source");--> statement-breakpoint
CREATE INDEX "standing_rules_team" ON "standing_rules" USING btree ("team","name");--> statement-breakpoint
CREATE INDEX "advisories_cves" ON "advisories" USING gin ("cves");--> statement-breakpoint
CREATE INDEX "advisories_id" ON "advisories" USING btree ("id");--> statement-breakpoint
CREATE INDEX "asset_looks_problem" ON "asset_looks" USING btree ("asset") WHERE problem is not null;--> statement-breakpoint
CREATE INDEX "assets_name" ON "assets" USING btree ("name" collate "C","id" collate "C");--> statement-breakpoint
CREATE INDEX "assets_platform" ON "assets" USING btree ("platform","name" collate "C","id" collate "C");--> statement-breakpoint
CREATE INDEX "assets_reboot" ON "assets" USING btree ("name" collate "C","id" collate "C") WHERE reboot_required;--> statement-breakpoint
CREATE INDEX "assets_counted" ON "assets" USING btree ("team","simulated");--> statement-breakpoint
CREATE INDEX "console_messages_pictures" ON "console_messages" USING btree ("proposal","id") WHERE entry -> 'picture' is not null;--> statement-breakpoint
CREATE INDEX "fixes_cves" ON "fixes" USING gin ("cves");--> statement-breakpoint
CREATE INDEX "fixes_advisory" ON "fixes" USING btree ("advisory");--> statement-breakpoint
CREATE INDEX "fixes_record" ON "fixes" USING btree ("record");--> statement-breakpoint
CREATE INDEX "outbox_delivered" ON "outbox" USING btree ("delivered_at");--> statement-breakpoint
CREATE INDEX "outbox_notices" ON "outbox" USING btree ("platform","channel","id") WHERE proposal is null and kind = 'entry';--> statement-breakpoint
CREATE INDEX "proposals_team_newest" ON "proposals" USING btree ("team",(- number));--> statement-breakpoint
CREATE INDEX "proposals_open" ON "proposals" USING btree ("team",(- number)) WHERE status not in ('completed', 'rejected', 'expired', 'withdrawn', 'superseded');--> statement-breakpoint
CREATE INDEX "proposals_status" ON "proposals" USING btree ("status",(- number)) WHERE status not in ('completed', 'rejected', 'expired', 'withdrawn', 'superseded');--> statement-breakpoint
CREATE INDEX "proposals_under_way" ON "proposals" USING btree ("number") WHERE under_way;--> statement-breakpoint
CREATE INDEX "proposals_decision" ON "proposals" USING btree ("decision");--> statement-breakpoint
CREATE INDEX "proposals_closed" ON "proposals" USING btree ("closed_at");--> statement-breakpoint
CREATE INDEX "proposals_whole" ON "proposals" USING btree ("number") WHERE format = 1;--> statement-breakpoint
CREATE INDEX "results_bad" ON "results" USING btree ("proposal","part","asset") WHERE end_state in ('still missing', 'held back', 'failed', 'unreachable');--> statement-breakpoint
CREATE INDEX "votes_person" ON "votes" USING btree ("person","at");--> statement-breakpoint
CREATE INDEX "windows_updates_kb" ON "windows_updates" USING btree ("kb");--> statement-breakpoint
CREATE INDEX "windows_updates_cves" ON "windows_updates" USING gin ("cves");--> statement-breakpoint
CREATE INDEX "assets_team" ON "assets" USING btree ("team","name" collate "C","id" collate "C");--> statement-breakpoint
CREATE INDEX "assets_recorded_team" ON "assets_recorded" USING btree ("team","coverage");--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "outbox" USING btree ("platform","channel","id") WHERE delivered_at is null;--> statement-breakpoint
-- By hand. What lists need of proposals, as their states have it; the rest is made when the service starts.
ALTER TABLE "proposals" DISABLE TRIGGER "proposals_refuse_earlier_state";--> statement-breakpoint
UPDATE "proposals" SET "title" = coalesce("state" ->> 'title', ''), "priority" = coalesce("state" ->> 'priority', 'scheduled'),
	"due_at" = ("state" ->> 'dueAt')::timestamptz, "decision" = "state" #>> '{content,decision}';--> statement-breakpoint
ALTER TABLE "proposals" ENABLE TRIGGER "proposals_refuse_earlier_state";--> statement-breakpoint
-- Indexes on expressions, and of parts of a table, are planned by what is known of these.
ANALYZE "proposals";--> statement-breakpoint
ANALYZE "assets";
