CREATE TABLE "start_assets" (
	"key" text NOT NULL,
	"asset" text NOT NULL,
	"place" integer,
	"before" jsonb,
	CONSTRAINT "start_assets_key_asset_pk" PRIMARY KEY("key","asset")
);
--> statement-breakpoint
CREATE TABLE "starts" (
	"key" text PRIMARY KEY NOT NULL,
	"proposal" text NOT NULL,
	"engine" text NOT NULL,
	"stage" text NOT NULL,
	"handle" jsonb,
	"started_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
-- A process of an earlier version that was left running may be writing: what it wrote is moved, and it writes no more.
LOCK TABLE "engine_runs" IN ACCESS EXCLUSIVE MODE;--> statement-breakpoint
INSERT INTO "starts" ("key", "proposal", "engine", "stage", "handle", "started_at")
SELECT "key", split_part("key", '.', 1), "engine",
	CASE WHEN jsonb_typeof("handle" -> 'handle') = 'object' THEN 'started' ELSE 'starting' END,
	CASE WHEN jsonb_typeof("handle" -> 'handle') = 'object' THEN "handle" -> 'handle' END,
	"started_at"
FROM "engine_runs";--> statement-breakpoint
-- Those that the engine was about to be called for, in their order, and how healthy these and those refused before were.
-- When it had answered, earlier versions forgot the former. Each list is read once: one of many assets is large.
INSERT INTO "start_assets" ("key", "asset", "place", "before")
WITH "starting" AS MATERIALIZED (
	SELECT "run"."key", "item"."asset", min("item"."place")::integer AS "place"
	FROM "engine_runs" "run" CROSS JOIN LATERAL jsonb_array_elements_text(
		CASE WHEN jsonb_typeof("run"."handle" -> 'starting') = 'array' THEN "run"."handle" -> 'starting' ELSE '[]' END
	) WITH ORDINALITY AS "item" ("asset", "place")
	GROUP BY "run"."key", "item"."asset"
), "healthy" AS MATERIALIZED (
	SELECT "run"."key", "item"."asset", "item"."before"
	FROM "engine_runs" "run" CROSS JOIN LATERAL jsonb_each(
		CASE WHEN jsonb_typeof("run"."handle" -> 'before') = 'object' THEN "run"."handle" -> 'before' ELSE '{}' END
	) AS "item" ("asset", "before")
)
SELECT "key", "asset", "starting"."place", "healthy"."before"
FROM "starting" FULL JOIN "healthy" USING ("key", "asset");--> statement-breakpoint
DROP TABLE "engine_runs";--> statement-breakpoint
CREATE INDEX "results_done" ON "results" USING btree ("proposal","ring") WHERE part = 1 and done_at is not null;
