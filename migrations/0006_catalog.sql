CREATE TABLE "cve_facts" (
	"feed" text NOT NULL,
	"cve" text NOT NULL,
	"facts" jsonb NOT NULL,
	CONSTRAINT "cve_facts_feed_cve_pk" PRIMARY KEY("feed","cve")
);
--> statement-breakpoint
CREATE TABLE "lifecycles" (
	"feed" text NOT NULL,
	"platform" text NOT NULL,
	"lifecycle" jsonb NOT NULL,
	CONSTRAINT "lifecycles_feed_platform_pk" PRIMARY KEY("feed","platform")
);
--> statement-breakpoint
CREATE TABLE "windows_updates" (
	"feed" text NOT NULL,
	"platform" text NOT NULL,
	"kb" text NOT NULL,
	"title" text NOT NULL,
	"cves" text[] NOT NULL,
	"supersedes" text[] NOT NULL,
	"fixed_build" text,
	"type" text NOT NULL,
	"severity" text,
	"restart" boolean,
	"published" text,
	"record" text NOT NULL,
	CONSTRAINT "windows_updates_feed_platform_kb_record_pk" PRIMARY KEY("feed","platform","kb","record")
);
--> statement-breakpoint
DROP INDEX "package_versions_all";--> statement-breakpoint
-- Form 0 of store/packed-ids.ts; sets that are stored from now on have form 1.
CREATE FUNCTION pg_temp.packed(ids integer[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS
  $$ SELECT '\x00'::bytea || coalesce(string_agg(int4send(id), ''::bytea ORDER BY id), ''::bytea) FROM unnest(ids) AS id $$;--> statement-breakpoint
ALTER TABLE "software_sets" ALTER COLUMN "packages" SET DATA TYPE bytea USING pg_temp.packed("packages");--> statement-breakpoint
ALTER TABLE "advisories" ADD COLUMN "packages" text[] NOT NULL DEFAULT '{}';--> statement-breakpoint
UPDATE "advisories" SET "packages" = ARRAY(SELECT DISTINCT f->>'source' FROM jsonb_array_elements("fixes") f);--> statement-breakpoint
ALTER TABLE "advisories" ALTER COLUMN "packages" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "advisories" ADD COLUMN "type" text NOT NULL DEFAULT 'security';--> statement-breakpoint
ALTER TABLE "advisories" ALTER COLUMN "type" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "advisories" ADD COLUMN "severity" text;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "by" text NOT NULL DEFAULT 'source';--> statement-breakpoint
ALTER TABLE "fixes" ALTER COLUMN "by" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "introduced" text;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "advisory" text;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "type" text NOT NULL DEFAULT 'security';--> statement-breakpoint
ALTER TABLE "fixes" ALTER COLUMN "type" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "module" text;--> statement-breakpoint
ALTER TABLE "fixes" ADD COLUMN "subscription" text;--> statement-breakpoint
ALTER TABLE "package_versions" ADD COLUMN "platform" text NOT NULL DEFAULT '';--> statement-breakpoint
ALTER TABLE "package_versions" ALTER COLUMN "platform" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "package_versions" ADD COLUMN "origin" text NOT NULL DEFAULT '';--> statement-breakpoint
ALTER TABLE "package_versions" ALTER COLUMN "origin" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "package_versions" ADD COLUMN "module" text NOT NULL DEFAULT '';--> statement-breakpoint
ALTER TABLE "package_versions" ALTER COLUMN "module" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "cve_facts_cve" ON "cve_facts" USING btree ("cve");--> statement-breakpoint
CREATE INDEX "advisories_packages" ON "advisories" USING gin ("packages");--> statement-breakpoint
CREATE INDEX "fixes_lookup" ON "fixes" USING btree ("platform","package");--> statement-breakpoint
CREATE INDEX "fixes_feed_record" ON "fixes" USING btree ("feed","record");--> statement-breakpoint
CREATE UNIQUE INDEX "package_versions_all" ON "package_versions" USING btree ("platform","name","version","architecture","source","source_version","origin","module");--> statement-breakpoint
-- Feeds say more now than was stored: the next look reads them whole.
UPDATE "sources" SET "cursor" = NULL WHERE "kind" = 'catalog';
