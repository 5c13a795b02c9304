CREATE TABLE "at_work" (
	"asset" text PRIMARY KEY NOT NULL,
	"proposal" text NOT NULL,
	"team" text NOT NULL,
	"ring" text NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"term" integer NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "live_contents" (
	"proposal" text PRIMARY KEY NOT NULL,
	"team" text NOT NULL,
	"content_hash" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "at_work_team" ON "at_work" USING btree ("team");--> statement-breakpoint
CREATE UNIQUE INDEX "live_contents_once" ON "live_contents" USING btree ("team","content_hash");--> statement-breakpoint
-- What there is already: of two proposals with the same content the first one keeps it.
INSERT INTO "live_contents" ("proposal", "team", "content_hash")
SELECT DISTINCT ON ("team", "state" ->> 'contentHash') "id", "team", "state" ->> 'contentHash'
FROM "proposals"
WHERE "closed_at" IS NULL
ORDER BY "team", "state" ->> 'contentHash', "number";
--> statement-breakpoint
INSERT INTO "at_work" ("asset", "proposal", "team", "ring", "since")
SELECT d ->> 'asset', p."id", p."team",
	coalesce(p."state" -> 'subject' -> 'rings' -> (d ->> 'ring')::int ->> 'name', ''), (d ->> 'startedAt')::timestamptz
FROM "proposals" p
CROSS JOIN LATERAL jsonb_each(
	coalesce(nullif(p."state" -> 'rollout', 'null'), nullif(p."state" -> 'test', 'null')) -> 'deployments'
) AS each_deployment(id, d)
WHERE p."closed_at" IS NULL AND jsonb_typeof(d -> 'verification') = 'null'
ORDER BY p."number"
ON CONFLICT DO NOTHING;
