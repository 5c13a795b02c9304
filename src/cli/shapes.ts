/**
 * What `--json` prints: one value a line, of the shape that is listed here for the command. Programs rely on it, so a
 * key that is named here keeps its name and meaning; keys may be added where the shape is open. Printed by `commands
 * --shapes`, and kept in command-line.schema.json.
 */

import { z } from 'zod'
import { priorities } from '../core/priority/priority.ts'
import { statuses } from '../core/proposal/proposal.ts'

const text = z.string()
const maybe = text.nullable()
const number = z.number()
const yes = z.boolean()
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly()
/** A part of the domain: more keys may stand in it. */
const open = z.looseObject

const instant = text.describe('ISO 8601, UTC')
const priority = z.enum(priorities)
const coverage = open({
  platforms: list(open({ platform: text, assets: number })),
  notAssessed: list(open({})),
  feeds: list(open({ feed: text, problem: text })),
  skippedRecords: number,
})
const patch = open({
  id: text,
  source: text,
  platform: text,
  priority,
  cves: list(z.unknown()),
  assets: list(text).optional(),
})
const overviewLine = z.strictObject({
  proposal: text,
  revision: number,
  text: list(open({})).describe('spans of text, of links and of times'),
  actions: list(text),
})
const missing = z.strictObject({
  role: text,
  need: number,
  approvedBy: list(text).describe('short names of people'),
  waitingFor: list(text).describe('short names of people whose approval would fill a place'),
})
const link = z.strictObject({ person: text, link: text })

export const shapes = {
  act: z
    .strictObject({
      ok: yes,
      proposal: maybe,
      team: maybe.describe('of freeze and unfreeze with --team'),
      code: maybe.describe('why it was refused; null: done, or only the sentence says why'),
      sentence: text,
      status: maybe.describe('of the proposal now, in words'),
      missing: list(missing).describe('roles whose approvals are not complete'),
    })
    .describe('vote, and every command that does something to a proposal or freezes a team'),
  propose: z.strictObject({ opened: list(text), revised: list(text), refusal: maybe }),
  sync: z.strictObject({
    reports: list(open({ name: text, kind: z.enum(['inventory', 'catalog']), ok: yes, news: yes, what: text })),
    proposed: open({ opened: list(text), revised: list(text), closed: list(text) }),
    coverage,
  }),
  proposals: z
    .strictObject({ id: text, team: text, status: z.enum(statuses), priority, title: text, revision: number })
    .describe('a line each; none where nothing is open'),
  plan: open({ kind: z.literal('patches'), patches: list(open({})), assets: list(open({})), rings: list(open({})) }),
  report: z.strictObject({
    state: open({ id: text, team: text, status: z.enum(statuses) }),
    events: list(open({})),
    coverage: open({}),
  }),
  'explain of a proposal': patch.describe('a line for each patch'),
  explain: open({
    name: text,
    judged: list(open({})),
    withheld: list(open({})),
    others: list(open({})),
    standings: list(open({})),
  }),
  mine: z.strictObject({ Waiting: list(overviewLine), Decided: list(overviewLine) }),
  running: z.strictObject({ 'Running and scheduled': list(overviewLine) }),
  assets: list(z.strictObject({ caption: text, columns: list(text), rows: list(list(list(open({})))) })).describe(
    'tables of cells, each a list of spans',
  ),
  may: z.strictObject({
    may: yes,
    act: text,
    proposal: text,
    person: text,
    refusal: maybe,
    conditions: list(z.strictObject({ what: text, holds: yes, why: text })),
  }),
  watch: z
    .strictObject({ proposal: text, status: z.enum(statuses).nullable(), lines: list(text) })
    .describe('a line for each change'),
  windows: list(z.strictObject({ start: instant, end: instant })),
  load: z.discriminatedUnion('kind', [
    open({ kind: z.literal('measured'), rule: open({}), evidence: open({}), profile: list(number.nullable()) }),
    open({ kind: z.literal('unusable'), reason: text }),
  ]),
  unmanaged: open({
    name: text,
    platform: text,
    team: text,
    sources: list(text),
    seenAt: maybe,
    ask: text,
    simulated: yes,
  }),
  assess: z
    .union([
      patch,
      open({ cve: text, package: text, asset: text, advisory: maybe, priority }),
      z.strictObject({ notAssessed: open({}) }),
      z.strictObject({ notRead: open({ feed: text, problem: text }) }),
      z.strictObject({ skippedRecords: number }),
    ])
    .describe('a line for each patch (offline: for each finding), and one for each thing that nobody can judge'),
  'assess --summary': open({
    assets: number,
    packages: number,
    versions: number,
    findings: number,
    patches: list(open({})),
    withheld: list(open({})),
    coverage,
  }),
  accounts: z
    .strictObject({ person: text, platform: text, account: text, label: maybe, linkedAt: maybe, confirmedIn: maybe })
    .describe('a line each'),
  'accounts revoke': z.strictObject({ ok: yes, platform: text, account: text, sentence: text }),
  'audit verify': z.discriminatedUnion('ok', [
    open({
      ok: z.literal(true),
      events: number,
      streams: number,
      checkpoints: number,
      contents: number,
      expiredLogs: number,
      notCompared: number,
    }),
    open({
      ok: z.literal(false),
      record: text,
      problem: text,
      findings: list(open({ record: text, problem: text })),
      more: number,
      erased: number,
    }),
  ]),
  check: z
    .union([
      open({ file: maybe, warnings: list(text), teams: number, people: number, sources: number, timeZoneData: text }),
      open({ kind: text, name: text, ok: yes, what: text }),
    ])
    .describe('first the configuration, then a line for each answer'),
  'sign-in': link,
  'sign-out': z.strictObject({ person: text, ended: yes.describe('false: they had no session and no link') }),
  versions: z
    .strictObject({ line: number, sign: z.enum(['<', '=', '>']).nullable(), problem: maybe })
    .describe('a line each'),
  decide: z.strictObject({ line: number, outcome: maybe, problem: maybe }).describe('a line each'),
  commands: z.strictObject({ typed: text, does: text }).describe('a line each'),
} as const satisfies Readonly<Record<string, z.ZodType>>

export type ShapeName = keyof typeof shapes
export type Shape<Name extends ShapeName> = z.infer<(typeof shapes)[Name]>

/** One JSON Schema with every shape under `$defs`, by the name of its command. */
export function shapesSchema(): object {
  const $defs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const { $schema: _, ...schema } = z.toJSONSchema(shape)
      return [name, schema]
    }),
  )
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What each command of patchwarden prints with --json: one such value a line',
    $defs,
  }
}
