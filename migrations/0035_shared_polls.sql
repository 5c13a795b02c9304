ALTER TABLE "starts" ADD COLUMN "reports" jsonb;--> statement-breakpoint
ALTER TABLE "starts" ADD COLUMN "reports_at" timestamp with time zone;