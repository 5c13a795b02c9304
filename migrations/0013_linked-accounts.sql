DROP INDEX "linked_accounts_person";--> statement-breakpoint
ALTER TABLE "link_codes" ADD COLUMN "shown_to" text;--> statement-breakpoint
ALTER TABLE "linked_accounts" ADD COLUMN "label" text;--> statement-breakpoint
ALTER TABLE "linked_accounts" ADD COLUMN "confirmed_in" text;--> statement-breakpoint
-- Of several of one person on one platform, which two links at once could leave, the latest counted.
DELETE FROM "linked_accounts" a
USING "linked_accounts" b
WHERE a."person" = b."person" AND a."platform" = b."platform"
	AND (a."linked_at", a."account") < (b."linked_at", b."account");
--> statement-breakpoint
CREATE UNIQUE INDEX "linked_accounts_once" ON "linked_accounts" USING btree ("person","platform");