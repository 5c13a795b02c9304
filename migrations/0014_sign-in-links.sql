-- Nobody knows of earlier links and sessions who made them: everybody signs in again.
DELETE FROM "sessions";--> statement-breakpoint
DELETE FROM "sign_in_links";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "made_by" text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "example" boolean NOT NULL;--> statement-breakpoint
ALTER TABLE "sign_in_links" ADD COLUMN "made_by" text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "sign_in_links" ADD COLUMN "example" boolean NOT NULL;