ALTER TABLE "asked" ADD COLUMN "places" jsonb;--> statement-breakpoint
-- By hand. Of proposals that are not over, whom they wait for is written anew at the next start.
UPDATE "proposals" SET "tally_seq" = NULL WHERE "status" NOT IN ('completed', 'rejected', 'expired', 'withdrawn', 'superseded');
