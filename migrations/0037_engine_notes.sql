CREATE TABLE "engine_notes" (
	"engine" text NOT NULL,
	"name" text NOT NULL,
	"note" jsonb NOT NULL,
	CONSTRAINT "engine_notes_engine_name_pk" PRIMARY KEY("engine","name")
);
