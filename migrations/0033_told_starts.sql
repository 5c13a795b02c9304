DROP INDEX "results_bad";--> statement-breakpoint
ALTER TABLE "starts" ADD COLUMN "told" text;--> statement-breakpoint
CREATE INDEX "results_bad" ON "results" USING btree ("proposal","part","asset") WHERE end_state in ('still missing', 'held back', 'failed', 'unreachable', 'silent', 'not known');