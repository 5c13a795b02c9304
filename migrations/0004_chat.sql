CREATE TABLE "digests" (
	"channel" text NOT NULL,
	"day" text NOT NULL,
	CONSTRAINT "digests_channel_day_pk" PRIMARY KEY("channel","day")
);
--> statement-breakpoint
CREATE TABLE "freezes" (
	"id" serial PRIMARY KEY NOT NULL,
	"team" text NOT NULL,
	"person" text NOT NULL,
	"reason" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"until_at" timestamp with time zone NOT NULL,
	"lifted_at" timestamp with time zone,
	"lifted_by" text
);
--> statement-breakpoint
CREATE TABLE "groups_seen" (
	"name" text PRIMARY KEY NOT NULL,
	"people" text[] NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "link_codes" (
	"code_hash" text PRIMARY KEY NOT NULL,
	"platform" text NOT NULL,
	"account" text NOT NULL,
	"label" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "linked_accounts" (
	"platform" text NOT NULL,
	"account" text NOT NULL,
	"person" text NOT NULL,
	"linked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "linked_accounts_platform_account_pk" PRIMARY KEY("platform","account")
);
--> statement-breakpoint
CREATE TABLE "slack_installations" (
	"workspace" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"installation" text NOT NULL,
	"installed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "outbox" ALTER COLUMN "proposal" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "posts" ALTER COLUMN "proposal" DROP NOT NULL;--> statement-breakpoint
CREATE INDEX "freezes_team" ON "freezes" USING btree ("team","until_at");--> statement-breakpoint
CREATE INDEX "linked_accounts_person" ON "linked_accounts" USING btree ("person");