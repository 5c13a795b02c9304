/**
 * All tables. After a change, run `npx drizzle-kit generate --name <what>`. Never edit a migration that was applied.
 */

export * from './schema/feeds.ts'
export * from './schema/findings.ts'
export * from './schema/installation.ts'
export * from './schema/inventory.ts'
export * from './schema/messages.ts'
export * from './schema/people.ts'
export * from './schema/proposals.ts'
export * from './schema/proposing.ts'
export * from './schema/record.ts'
export * from './schema/rollouts.ts'
export * from './schema/windows.ts'
