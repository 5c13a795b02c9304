CREATE TABLE "early_words" (
	"id" text PRIMARY KEY NOT NULL,
	"claimed_at" timestamp with time zone NOT NULL,
	"read_at" timestamp with time zone NOT NULL
);
