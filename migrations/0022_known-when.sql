CREATE TABLE "assets_recorded" (
	"asset" text PRIMARY KEY NOT NULL,
	"team" text NOT NULL,
	"source" text NOT NULL,
	"facts" jsonb NOT NULL,
	"coverage" text NOT NULL,
	"entry" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feeds_recorded" (
	"feed" text PRIMARY KEY NOT NULL,
	"failing" boolean NOT NULL,
	"read_at" timestamp with time zone,
	"cursor" text,
	"said" text
);
--> statement-breakpoint
CREATE TABLE "finding_assets" (
	"team" text NOT NULL,
	"asset" text NOT NULL,
	"class" integer NOT NULL,
	"since" timestamp with time zone NOT NULL,
	CONSTRAINT "finding_assets_team_asset_pk" PRIMARY KEY("team","asset")
);
--> statement-breakpoint
CREATE TABLE "finding_classes" (
	"id" serial PRIMARY KEY NOT NULL,
	"team" text NOT NULL,
	"hash" text NOT NULL,
	"flaws" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "findings_recorded" (
	"team" text NOT NULL,
	"flaw" text NOT NULL,
	"patches" jsonb NOT NULL,
	"feeds" jsonb NOT NULL,
	"fixed_at" text NOT NULL,
	"fix_date" text NOT NULL,
	"read_at" timestamp with time zone NOT NULL,
	"open" integer NOT NULL,
	"entry" integer NOT NULL,
	CONSTRAINT "findings_recorded_team_flaw_pk" PRIMARY KEY("team","flaw")
);
--> statement-breakpoint
CREATE TABLE "judged_recorded" (
	"team" text NOT NULL,
	"flaw" text NOT NULL,
	"exposure" text NOT NULL,
	"criticality" text NOT NULL,
	"hash" text NOT NULL,
	"priority" text NOT NULL,
	"due_at" text,
	"entry" integer NOT NULL,
	CONSTRAINT "judged_recorded_team_flaw_exposure_criticality_pk" PRIMARY KEY("team","flaw","exposure","criticality")
);
--> statement-breakpoint
CREATE TABLE "platforms_recorded" (
	"team" text NOT NULL,
	"platform" text NOT NULL,
	"coverage" text NOT NULL,
	"entry" integer NOT NULL,
	CONSTRAINT "platforms_recorded_team_platform_pk" PRIMARY KEY("team","platform")
);
--> statement-breakpoint
CREATE TABLE "teams_assessed" (
	"team" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX "assets_recorded_team" ON "assets_recorded" USING btree ("team");--> statement-breakpoint
CREATE INDEX "assets_recorded_source" ON "assets_recorded" USING btree ("source");--> statement-breakpoint
CREATE INDEX "finding_assets_class" ON "finding_assets" USING btree ("class");--> statement-breakpoint
CREATE UNIQUE INDEX "finding_classes_hash" ON "finding_classes" USING btree ("team","hash");