CREATE TABLE "judged_flaws" (
	"team" text NOT NULL,
	"flaw" text NOT NULL,
	"judged" jsonb NOT NULL,
	"entry" integer NOT NULL,
	CONSTRAINT "judged_flaws_team_flaw_pk" PRIMARY KEY("team","flaw")
);
--> statement-breakpoint
INSERT INTO "judged_flaws" ("team", "flaw", "judged", "entry")
SELECT "team", "flaw", jsonb_agg(jsonb_build_object('exposure', nullif("exposure", ''), 'criticality', nullif("criticality", ''),
  'hash', left("hash", 16), 'priority', "priority", 'dueAt', "due_at")), max("entry")
FROM "judged_recorded" GROUP BY "team", "flaw";
--> statement-breakpoint
DROP TABLE "judged_recorded";
--> statement-breakpoint
-- Every judgement of the record: on the pages that entries name, and in entries of earlier versions.
CREATE VIEW "audit"."judgements" AS
SELECT "said"."stream", "said"."seq", "said"."at", "of" ->> 'flaw' AS "flaw",
	"of" - 'judgements' || ("one" - 'grounds') || "grounds"."text"::jsonb AS "facts"
FROM "audit"."facts" AS "said"
	JOIN "audit"."content" AS "content" ON "content"."hash" = decode("said"."facts" ->> 'judgements', 'hex')
	CROSS JOIN LATERAL (SELECT "content"."text"::jsonb AS "text") AS "page"
	CROSS JOIN LATERAL jsonb_array_elements("page"."text" -> 'judged') AS "of"
	CROSS JOIN LATERAL jsonb_array_elements("of" -> 'judgements') AS "one"
	JOIN "audit"."content" AS "grounds"
		ON "grounds"."hash" = decode("page"."text" -> 'grounds' ->> ("one" ->> 'grounds')::integer, 'hex')
WHERE "said"."event" = 'judged'
UNION ALL
SELECT "stream", "seq", "at", "facts" ->> 'flaw', "facts" FROM "audit"."facts"
WHERE "event" = 'judged' AND "facts" ? 'flaw';
