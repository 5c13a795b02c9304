CREATE TABLE "measured_windows" (
	"window" text PRIMARY KEY NOT NULL,
	"wish" text NOT NULL,
	"result" jsonb,
	"measured_at" timestamp with time zone,
	"problem" text
);
