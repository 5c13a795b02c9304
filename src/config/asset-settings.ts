/** Settings of every kind of source: facts about the assets that the source lists. */

import type { z } from 'zod'
import { criticality, exposure, optional, reference, tags, text, timeZone, yesOrNo } from './fields.ts'

const hostMend = 'Write a host name or an alias from the SSH configuration, such as web01.example.net.'
const userMend = 'Write a login name, such as patch.'

/** Must not begin with "-", because it becomes an argument of ssh. */
export const host = text(hostMend, 253).regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, { error: hostMend })
export const address = text('Write a host name or an IP address.', 253).regex(/^[A-Za-z0-9_:[][A-Za-z0-9._:[\]-]*$/, {
  error: 'Write a host name or an IP address.',
})
export const user = text(userMend, 64).regex(/^[A-Za-z_][A-Za-z0-9._-]*\$?$/, { error: userMend })

/** Facts about assets, for one asset or for all assets of a source. */
export const facts = {
  team: optional(reference('a team')).describe('The team that owns it: a name from teams.'),
  exposure: optional(exposure).describe('How far an attacker can reach it: small, controlled or open.'),
  criticality: optional(criticality).describe('How much it hurts when it fails: low, medium, high or very high.'),
  timeZone: optional(timeZone).describe('IANA zone of the place where it stands. Default: the zone of the team.'),
}

export const changedBy = optional(reference('an engine')).describe(
  'The engine that may change the assets: a name from engines. Default: none, they are only watched.',
)
/** Of a source whose list another program writes. */
export const allowShrinking = yesOrNo
  .default(false)
  .describe('Accept a list with less than half of the known servers, once it is known to be right.')
export const tagsOfAll = tags.describe('Tags of every asset of this source.')

/** Settings of every source, whatever its kind. */
export const everySource = { engine: changedBy, ...facts, tags: tagsOfAll }

/** Settings of every inventory of a system. A system is its own engine. */
export const everyInventory = { ...facts, tags: tagsOfAll }

type OfSource = z.output<z.ZodObject<typeof everySource>>

/** A source as it is configured. Only its kind knows the other settings. */
export type SourceConfig = OfSource & { readonly kind: string; readonly [setting: string]: unknown }
