CREATE TABLE "posts" (
	"platform" text NOT NULL,
	"key" text NOT NULL,
	"proposal" text NOT NULL,
	"place" text NOT NULL,
	"message" text,
	CONSTRAINT "posts_platform_key_pk" PRIMARY KEY("platform","key")
);
--> statement-breakpoint
CREATE INDEX "posts_message" ON "posts" USING btree ("platform","place","message");