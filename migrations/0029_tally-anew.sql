-- Whether a rollout may have changed anything is worked out otherwise than before: it is written anew at the next start.
UPDATE "proposals" SET "tally_seq" = NULL WHERE "state"->>'rollout' IS NOT NULL;
