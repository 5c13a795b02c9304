CREATE TABLE "audit"."content" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"kind" smallint NOT NULL,
	"format" smallint NOT NULL,
	"text" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "audit"."events" ADD COLUMN "page" "bytea";--> statement-breakpoint
CREATE INDEX "content_expires" ON "audit"."content" USING btree ("expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "events_page" ON "audit"."events" USING btree ("page");