CREATE TABLE "freeze_calendars" (
	"location" text PRIMARY KEY NOT NULL,
	"text" text,
	"read_at" timestamp with time zone,
	"problem" text
);
