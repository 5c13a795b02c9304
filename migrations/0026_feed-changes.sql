CREATE TABLE "epss_parts" (
	"feed" text NOT NULL,
	"part" text NOT NULL,
	"model" text NOT NULL,
	"date" text NOT NULL,
	"cves" text[] NOT NULL,
	"scores" double precision[] NOT NULL,
	"percentiles" double precision[] NOT NULL,
	"hash" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "epss_parts_feed_part_model_date_pk" PRIMARY KEY("feed","part","model","date")
);
--> statement-breakpoint
CREATE TABLE "feed_changes" (
	"feed" text NOT NULL,
	"version" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"packages" jsonb,
	"cves" jsonb,
	"platforms" jsonb,
	CONSTRAINT "feed_changes_feed_version_pk" PRIMARY KEY("feed","version")
);
--> statement-breakpoint
-- by hand: the scores that there are stay until the feed is read again
INSERT INTO "epss_parts" ("feed", "part", "model", "date", "cves", "scores", "percentiles")
SELECT "feed", left("cve", -3), "model", "date", array_agg("cve" ORDER BY "cve"), array_agg("score" ORDER BY "cve"), array_agg("percentile" ORDER BY "cve")
FROM "epss" GROUP BY 1, 2, 3, 4;--> statement-breakpoint
DROP TABLE "epss" CASCADE;--> statement-breakpoint
ALTER TABLE "advisories" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "cve_facts" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "kev" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "lifecycles" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sources" ADD COLUMN "version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "windows_updates" ADD COLUMN "hash" bigint DEFAULT 0 NOT NULL;