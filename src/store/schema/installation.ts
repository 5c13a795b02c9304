/** Which installation the database belongs to, and where that is. */

import { boolean, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from './column-types.ts'

/** Whether the database belongs to the labelled example: one row. Nothing from one may count in the other. */
export const installation = pgTable('installation', {
  one: boolean('one').primaryKey().default(true),
  example: boolean('example').notNull(),
})

/** Slack workspaces that installed the app by OAuth. `installation` is sealed with the key of the service. */
export const slackInstallations = pgTable('slack_installations', {
  workspace: text('workspace').primaryKey(),
  name: text('name').notNull(),
  installation: text('installation').notNull(),
  installedAt: instant('installed_at').notNull(),
})
