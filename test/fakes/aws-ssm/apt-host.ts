/**
 * An instance with apt, as far as the engine's scripts look at it: it understands what a command is told to do and
 * answers in the words of look.sh, start.sh and follow.sh. The scripts themselves run on real hosts in
 * test/fleet/aws-ssm-engine.test.ts; this stands in where there are none.
 */

import { gunzipSync, gzipSync } from 'node:zlib'

export interface Offered {
  readonly name: string
  readonly architecture: string
  readonly from: string
  readonly to: string
}

interface Journal {
  asset: string
  plan: readonly string[]
  planned: readonly string[]
  decision: string
  result: string
  before: readonly string[]
  after: readonly string[]
  log: readonly string[]
  /** So many looks it still runs. */
  left: number
}

export type AptHost = ReturnType<typeof createAptHost>

export function createAptHost(offers: readonly Offered[]) {
  const installed = new Map(offers.map((one) => [one.name, one]))
  const versions = new Map(offers.map((one) => [one.name, one.from]))
  const journals = new Map<string, Journal>()
  const host = {
    versions,
    transactions: 0,
    broken: false,
    /** How many looks an upgrade outlasts. */
    slow: 0,
    /** Lines that every upgrade prints beside what matters. */
    chatter: 0,
    fingerprint: () => JSON.stringify([...versions, ...journals]),
    run,
  }

  async function run(script: string): Promise<string> {
    const packed = /^printf %s '([A-Za-z0-9+/=]+)' \| base64 -d \| gzip -d \| sh$/.exec(script)?.[1]
    const outer = settings(packed === undefined ? script : gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'))
    const begin = outer.get('PW_BEGIN') ?? ''
    const begun = begin === '' ? '' : start(settings(begin))
    const looked = settings(outer.get('PW_LOOK') ?? '')
    const said = looked.has('PW_PREFLIGHT') ? look(looked) : follow(looked)
    const text = `${begun}\n${said}\n`
    return `patchwarden-answer ${gzipSync(text).toString('base64')} end\n`
  }

  function planOf(wanted: ReadonlyMap<string, string>): { lines: string[]; simulation: string[]; error: string } {
    const lines: string[] = []
    const simulation: string[] = []
    const words = `${wanted.get('PW_UPGRADES')} ${wanted.get('PW_NEW')}`.split(' ').filter((word) => word !== '')
    for (const word of words) {
      const [, name = '', version = ''] = /^([^:=]+)(?::[^=]+)?=(.+)$/.exec(word) ?? []
      const offer = installed.get(name)
      const now = versions.get(name)
      if (now === version) continue
      if (offer === undefined || offer.to !== version)
        return { lines, simulation, error: `E: Version '${version}' for '${name}' was not found` }
      lines.push(`I ${name} ${offer.architecture} ${version}`)
      simulation.push(`Inst ${name} [${now}] (${version} Example:1/stable [${offer.architecture}])`)
    }
    return { lines: lines.sort(), simulation, error: '' }
  }

  function look(given: ReadonlyMap<string, string>): string {
    const { simulation, error } = planOf(given)
    const facts =
      given.get('PW_PREFLIGHT') === 'yes'
        ? [
            `@@ journal ${journals.has(given.get('PW_KEY') ?? '') ? 'present' : 'missing'}`,
            ...['@@ half-done', '@@ lock', '@@ sizes', '@@ installed-sizes'],
            ...['@@ disk', '/usr / 90000000', '@@ inodes', '/usr / 900000', '@@ boot-image'],
          ]
        : []
    const status = error === '' ? '@@ simulation-status 0' : '@@ simulation-status 100'
    return ['@@ patchwarden-look 1', '@@ simulation', ...simulation, status, error, ...facts, '@@ end'].join('\n')
  }

  function packages(): string[] {
    return [...installed.values()].map(({ name, architecture }) => {
      return `${name} ${architecture} ${versions.get(name)} installed`
    })
  }

  function start(given: ReadonlyMap<string, string>): string {
    const key = given.get('PW_KEY') ?? ''
    if (!journals.has(key)) journals.set(key, isOver(given) ? { ...NOTHING, decision: 'over' } : upgrade(given))
    return ['@@ patchwarden-start 1', `@@ journal ${journals.get(key)?.asset}`, '@@ end'].join('\n')
  }

  function upgrade(given: ReadonlyMap<string, string>): Journal {
    const plan = (given.get('PW_PLAN') ?? '').split('\n').filter((line) => line !== '')
    const asset = given.get('PW_ASSET') ?? ''
    const { lines: planned, error } = planOf(given)
    const before = packages()
    const journal = { asset, plan, planned, decision: '', before, after: before, left: host.slow }
    if (error !== '') return { ...journal, result: 'held preview', log: [error] }
    // As gate.sh and run.sh: a part is within the plan; nothing at all is another matter.
    const beyond = planned.some((line) => !plan.includes(line))
    if (beyond || (planned.length === 0 && plan.length > 0)) return { ...journal, result: 'held changed', log: [] }
    if (planned.length === 0) return { ...journal, result: 'exit 0', log: [] }
    host.transactions++
    const chatter = Array.from({ length: host.chatter }, (_, at) => `Unpacking part-${(at * 7919) % 104_729} ...`)
    if (host.broken) {
      const [, name = ''] = (planned[0] ?? '').split(' ')
      const log = [
        ...chatter,
        `dpkg: error processing package ${name} (--configure):`,
        ` installed ${name} package post-installation script subprocess returned error exit status 1`,
        'E: Sub-process /usr/bin/dpkg returned an error code (1)',
      ]
      return { ...journal, decision: 'committed', result: 'exit 100', log }
    }
    for (const line of planned) {
      const [, name = '', , to = ''] = line.split(' ')
      versions.set(name, to)
    }
    const log = [...chatter, ...planned.map((line) => `Setting up ${line.split(' ')[1]} (${line.split(' ')[3]}) ...`)]
    return { ...journal, decision: 'committed', result: 'exit 0', after: packages(), log }
  }

  function follow(given: ReadonlyMap<string, string>): string {
    const key = given.get('PW_KEY') ?? ''
    const stop = given.get('PW_STOP') ?? ''
    if (!journals.has(key)) {
      journals.set(key, { ...NOTHING, decision: stop === '' ? 'lost' : stop })
    }
    const journal = journals.get(key)
    if (journal === undefined) throw new Error('There is a journal by now.')
    const runs = journal.left > 0
    if (runs) journal.left--
    const gone = journal.before.filter((line) => !journal.after.includes(line))
    const come = journal.after.filter((line) => !journal.before.includes(line))
    return [
      '@@ patchwarden-follow 1',
      `@@ asset ${journal.asset}`,
      '@@ boot-id one',
      '@@ run-boot-id one',
      '@@ age 1',
      ...(runs ? ['@@ alive yes'] : []),
      `@@ decision ${journal.decision}`,
      `@@ result ${runs ? '' : journal.result}`,
      '@@ reboot',
      '@@ lock-holder',
      '@@ counts 1 1 0',
      '@@ plan',
      ...journal.plan,
      '@@ planned',
      ...journal.planned,
      ...(runs ? [] : ['@@ log', ...journal.log, '@@ half-done', '@@ gone', ...gone, '@@ come', ...come]),
      '@@ end',
    ].join('\n')
  }

  return host
}

const NOTHING: Journal = {
  asset: '',
  plan: [],
  planned: [],
  decision: '',
  result: '',
  before: [],
  after: [],
  log: [],
  left: 0,
}

function isOver(given: ReadonlyMap<string, string>): boolean {
  const end = given.get('PW_NOT_AFTER') ?? ''
  return end !== '' && (Date.now() / 1_000 >= Number(end) || Number(given.get('PW_SECONDS_LEFT')) <= 0)
}

/** The assignments at the beginning of a script. */
function settings(script: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let rest = script
  for (;;) {
    const [all, name, value = ''] = /^(PW_[A-Z_]+)='((?:[^']|'\\'')*)'\n/.exec(rest) ?? []
    if (all === undefined || name === undefined) return found
    found.set(name, value.replaceAll("'\\''", "'"))
    rest = rest.slice(all.length)
  }
}
