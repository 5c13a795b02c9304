CREATE TABLE "witnesses" (
	"id" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"name" text NOT NULL,
	"machine" text NOT NULL,
	"since" timestamp with time zone,
	"identity" jsonb NOT NULL,
	"cloud" text GENERATED ALWAYS AS (identity ->> 'cloud') STORED,
	"hardware" text GENERATED ALWAYS AS (identity ->> 'hardware') STORED,
	"fqdn" text GENERATED ALWAYS AS (identity ->> 'fqdn') STORED,
	"declared" text NOT NULL,
	"settled" boolean NOT NULL,
	"asset" jsonb,
	"software_set" integer,
	"pending_set" integer,
	"look" jsonb,
	"observed_at" timestamp with time zone,
	"lists_refreshed_at" timestamp with time zone,
	"checked_at" timestamp with time zone,
	"problem" text
);
--> statement-breakpoint
ALTER TABLE "witnesses" ADD CONSTRAINT "witnesses_software_set_software_sets_id_fk" FOREIGN KEY ("software_set") REFERENCES "public"."software_sets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "witnesses" ADD CONSTRAINT "witnesses_pending_set_pending_sets_id_fk" FOREIGN KEY ("pending_set") REFERENCES "public"."pending_sets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "witnesses_machine" ON "witnesses" USING btree ("machine");--> statement-breakpoint
CREATE INDEX "witnesses_cloud" ON "witnesses" USING btree ("cloud");--> statement-breakpoint
CREATE INDEX "witnesses_hardware" ON "witnesses" USING btree ("hardware");--> statement-breakpoint
CREATE INDEX "witnesses_fqdn" ON "witnesses" USING btree ("fqdn");--> statement-breakpoint
CREATE INDEX "witnesses_source" ON "witnesses" USING btree ("source");--> statement-breakpoint
CREATE INDEX "witnesses_software_set" ON "witnesses" USING btree ("software_set");--> statement-breakpoint
CREATE INDEX "witnesses_pending_set" ON "witnesses" USING btree ("pending_set");