CREATE TABLE "drafted" (
	"team" text PRIMARY KEY NOT NULL,
	"count" integer NOT NULL,
	"key" text NOT NULL,
	"next_at" timestamp with time zone,
	"waits_since" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "previews" (
	"engine" text NOT NULL,
	"key" text NOT NULL,
	"steps" jsonb,
	"problem" text,
	"asked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "previews_engine_key_pk" PRIMARY KEY("engine","key")
);
