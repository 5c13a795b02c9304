ALTER TABLE "freezes" ALTER COLUMN "reason" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "freezes" ADD COLUMN "entry" integer;