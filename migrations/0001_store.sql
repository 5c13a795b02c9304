CREATE SCHEMA "audit";
--> statement-breakpoint
CREATE TABLE "advisories" (
	"feed" text NOT NULL,
	"id" text NOT NULL,
	"title" text NOT NULL,
	"published" text,
	"cves" text[] NOT NULL,
	"fixes" jsonb NOT NULL,
	CONSTRAINT "advisories_feed_id_pk" PRIMARY KEY("feed","id")
);
--> statement-breakpoint
CREATE TABLE "assets" (
	"id" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"team" text NOT NULL,
	"asset" jsonb NOT NULL,
	"software_set" integer,
	"pending" jsonb NOT NULL,
	"running_kernel" text,
	"boot_id" text,
	"reboot_required" boolean NOT NULL,
	"reboot_packages" text[] NOT NULL,
	"stale_services" text[] NOT NULL,
	"lists_refreshed_at" timestamp with time zone,
	"observed_at" timestamp with time zone,
	"problem" text,
	"checked_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit"."checkpoints" (
	"number" integer PRIMARY KEY NOT NULL,
	"at" text NOT NULL,
	"heads" text NOT NULL,
	"prev" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "console_messages" (
	"id" integer PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"proposal" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"entry" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deployments" (
	"proposal" text NOT NULL,
	"asset" text NOT NULL,
	"ring" integer NOT NULL,
	"batch" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"outcome" text,
	"end_state" text,
	"verified_at" timestamp with time zone,
	CONSTRAINT "deployments_proposal_asset_pk" PRIMARY KEY("proposal","asset")
);
--> statement-breakpoint
CREATE TABLE "engine_runs" (
	"key" text PRIMARY KEY NOT NULL,
	"engine" text NOT NULL,
	"handle" jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "epss" (
	"feed" text NOT NULL,
	"cve" text NOT NULL,
	"score" double precision NOT NULL,
	"percentile" double precision NOT NULL,
	"model" text NOT NULL,
	"date" text NOT NULL,
	CONSTRAINT "epss_feed_cve_pk" PRIMARY KEY("feed","cve")
);
--> statement-breakpoint
CREATE TABLE "audit"."events" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"stream" text NOT NULL,
	"seq" integer NOT NULL,
	"at" text NOT NULL,
	"actor" text NOT NULL,
	"event" text NOT NULL,
	"prev" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "fixes" (
	"feed" text NOT NULL,
	"platform" text NOT NULL,
	"source" text NOT NULL,
	"cve" text NOT NULL,
	"fixed_version" text
);
--> statement-breakpoint
CREATE TABLE "kev" (
	"feed" text NOT NULL,
	"cve" text NOT NULL,
	"date_added" text NOT NULL,
	"due_date" text NOT NULL,
	"ransomware" boolean NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "kev_feed_cve_pk" PRIMARY KEY("feed","cve")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"platform" text NOT NULL,
	"channel" text NOT NULL,
	"proposal" text NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"entry" jsonb,
	"attempts" integer DEFAULT 0 NOT NULL,
	"delivered_at" timestamp with time zone,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "package_versions" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"version" text NOT NULL,
	"architecture" text NOT NULL,
	"source" text NOT NULL,
	"source_version" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "proposals" (
	"id" text PRIMARY KEY NOT NULL,
	"number" integer NOT NULL,
	"team" text NOT NULL,
	"status" text NOT NULL,
	"seq" integer NOT NULL,
	"head_hash" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"state" jsonb NOT NULL,
	CONSTRAINT "proposals_number_unique" UNIQUE("number")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"person" text NOT NULL,
	"acting_as" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_links" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"person" text NOT NULL,
	"issued_by" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "software_sets" (
	"id" serial PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"packages" integer[] NOT NULL,
	CONSTRAINT "software_sets_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"cursor" text,
	"last_good_at" timestamp with time zone,
	"checked_at" timestamp with time zone NOT NULL,
	"problem" text,
	"rejected" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "sources_kind_name_pk" PRIMARY KEY("kind","name")
);
--> statement-breakpoint
CREATE TABLE "timers" (
	"proposal" text PRIMARY KEY NOT NULL,
	"due_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "votes" (
	"proposal" text NOT NULL,
	"person" text NOT NULL,
	"choice" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"via" text NOT NULL,
	CONSTRAINT "votes_proposal_person_pk" PRIMARY KEY("proposal","person")
);
--> statement-breakpoint
CREATE INDEX "assets_team" ON "assets" USING btree ("team");--> statement-breakpoint
CREATE INDEX "console_messages_proposal" ON "console_messages" USING btree ("proposal","id");--> statement-breakpoint
CREATE INDEX "deployments_asset" ON "deployments" USING btree ("asset");--> statement-breakpoint
CREATE UNIQUE INDEX "events_stream_seq" ON "audit"."events" USING btree ("stream","seq");--> statement-breakpoint
CREATE INDEX "fixes_lookup" ON "fixes" USING btree ("platform","source");--> statement-breakpoint
CREATE INDEX "fixes_feed" ON "fixes" USING btree ("feed");--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "outbox" USING btree ("platform","channel","id");--> statement-breakpoint
CREATE UNIQUE INDEX "package_versions_all" ON "package_versions" USING btree ("name","version","architecture","source","source_version");--> statement-breakpoint
CREATE INDEX "proposals_team_status" ON "proposals" USING btree ("team","status");--> statement-breakpoint
CREATE INDEX "timers_due" ON "timers" USING btree ("due_at");