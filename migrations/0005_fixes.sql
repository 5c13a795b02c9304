-- What feeds said stays: it is the last good until they are read again.
DROP INDEX "fixes_lookup";--> statement-breakpoint
DROP INDEX "fixes_feed";--> statement-breakpoint
ALTER TABLE "fixes" RENAME COLUMN "source" TO "package";--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "cves" text[];--> statement-breakpoint
UPDATE "fixes" SET "cves" = ARRAY["cve"];--> statement-breakpoint
ALTER TABLE "fixes" ALTER COLUMN "cves" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "fixes" RENAME COLUMN "cve" TO "record";
