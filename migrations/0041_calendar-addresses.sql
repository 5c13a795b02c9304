CREATE TABLE "calendar_addresses" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"person" text NOT NULL,
	"team" text,
	"detailed" boolean NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
