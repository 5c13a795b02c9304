CREATE TABLE "configured_accounts" (
	"platform" text NOT NULL,
	"account" text NOT NULL,
	"person" text NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "configured_accounts_platform_account_person_pk" PRIMARY KEY("platform","account","person")
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"example" boolean NOT NULL
);
