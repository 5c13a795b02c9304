ALTER TABLE "start_assets" ADD COLUMN "stop" text;--> statement-breakpoint
ALTER TABLE "start_assets" ADD COLUMN "stop_until" timestamp with time zone;