import { hostname } from 'node:os'
import { z } from 'zod'
import { optional, reference, text } from '../../config/fields.ts'
import { type EntryNotes, kind } from '../../config/kind.ts'
import { named } from '../../config/named.ts'
import { quote } from '../../config/problem.ts'
import type { Settings } from '../../config/schema.ts'
import { suggest } from '../../core/suggest.ts'
import { isSshSource, targetNamed } from '../ssh/kind.ts'
import { createSarLoad } from './index.ts'

const settings = z.strictObject({
  source: reference('a source').describe('The source that lists the host: of kind ssh, or local for this machine.'),
  host: optional(text('Write the name of a host of the source.', 253)).describe(
    'Name of the host in the source. Not needed where the source is this machine.',
  ),
  measure: z
    .enum(['cpu', 'load average'], { error: 'Write cpu or load average.' })
    .default('cpu')
    .describe('What is busy: cpu (100 less idle), or load average over 15 minutes.'),
})

export const sar = kind({
  name: 'sar',
  page: 'integrations/sar.md',
  roles: {
    load: {
      summary: 'What sysstat recorded on a host.',
      settings,
      refersTo: ({ source }) => [{ path: ['source'], section: 'sources', name: source }],
      check: (load, { settings: all }, notes) => checkHost(load, all, notes),
      create({ source: from, host: wanted, measure }, { name, config, clock }) {
        const source = config.sources[from]
        if (source?.kind === 'local') {
          const host = typeof source.name === 'string' ? source.name : hostname()
          return createSarLoad({ name, host, target: null, measure, clock })
        }
        if (source !== undefined && isSshSource(source)) {
          const host = wanted ?? ''
          const target = async (signal: AbortSignal) => {
            const found = await targetNamed(config, from, host, signal)
            if (found === null) throw new Error(`The source ${from} lists no host ${host} that can be reached.`)
            return found
          }
          return createSarLoad({ name, host, target, measure, clock })
        }
        throw new Error(`The load ${name} names a host that the source ${from} does not list.`)
      },
    },
  },
})

/** Checks that the history is read on one host, and that its source says how to connect. */
function checkHost(load: z.output<typeof settings>, { sources }: Settings, notes: EntryNotes): void {
  const source = named(sources, load.source)
  if (source === null) return
  if (source.kind === 'local') {
    if (load.host === null) return
    notes.problem(['host'], 'is for a source of kind ssh; this source is one machine', 'Leave it out.', 'key')
    return
  }
  if (!isSshSource(source)) {
    const what = `is ${quote(load.source)}, of kind ${source.kind}, which does not say how to connect`
    notes.problem(['source'], what, 'Name a source of kind ssh or local.')
    return
  }
  if (load.host === null) {
    notes.problem(['host'], 'is missing', `Write which host of the source ${quote(load.source)} is meant.`)
    return
  }
  const hosts = source.hosts.map(({ name }) => name)
  if (hosts.includes(load.host) || source.hostsFrom !== null) return
  const guess = suggest(load.host, hosts)
  const mend = guess === null ? 'Write the name of one of its hosts.' : `Did you mean "${guess}"?`
  notes.problem(['host'], `is ${quote(load.host)}, which the source ${quote(load.source)} does not list`, mend)
}
