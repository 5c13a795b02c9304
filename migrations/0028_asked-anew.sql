-- Whom a proposal waits for is worked out otherwise than before: of those that are not over it is written anew at the next start.
UPDATE "proposals" SET "tally_seq" = NULL WHERE "status" NOT IN ('completed', 'rejected', 'expired', 'withdrawn', 'superseded');
