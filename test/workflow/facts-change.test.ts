/** Facts that change while a proposal is open, on a real database. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFileCatalogFeed } from '../../src/integrations/feeds/file-catalog/index.ts'
import { sourceSucceeded } from '../../src/store/catalog.ts'
import { readStream } from '../../src/store/events.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
let folder: string
let service: Awaited<ReturnType<typeof exampleService>>
let workflow: ReturnType<typeof createWorkflow>
let catalog: string

beforeEach(async () => {
  const { db } = database()
  folder = await mkdtemp(path.join(tmpdir(), 'pw-facts-'))
  catalog = path.join(folder, 'catalog.json')
  service = await exampleService(db)
  const clock = () => new Date()
  workflow = createWorkflow(
    {
      ...service.parts,
      feeds: [createFileCatalogFeed({ name: 'catalog', location: catalog, clock, allowShrinking: true })],
      judgement: { ...service.parts.judgement, grouping: 'tier' },
    },
    alwaysMine,
  )
})
afterEach(async () => {
  await service.remove()
  await rm(folder, { recursive: true, force: true })
})

const fixes = [
  { platform: 'debian:12', source: 'openssl', cve: 'CVE-2026-9900001', fixedVersion: '3.0.17-1~deb12u2+example1' },
]

async function sync(content: object) {
  await writeFile(catalog, JSON.stringify(content))
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  return workflow.propose(signal)
}

async function stories(id: string) {
  return (await readStream(database().db, id)).map((recorded) => recorded.event)
}

it('are told in the proposal: a CVE that is listed as exploited raises it loudly, once, and votes stay', async () => {
  const listed = { cve: 'CVE-2026-9900001', dateAdded: 'today', dueDate: 'today+3', ransomware: false, name: '' }
  const { opened } = await sync({ fixes, kev: [] })
  expect(opened.length).toBeGreaterThan(1)
  const before = await openProposals(database().db)
  const withOpenssl = before.filter(
    (state) =>
      state.subject.kind === 'patches' &&
      state.subject.patches.some((patch) => patch.cves.includes('CVE-2026-9900001')),
  )
  const [quiet] = withOpenssl.filter((state) => state.priority !== 'immediate')
  if (!quiet) throw new Error('the example has no patch for openssl that is not immediate')
  await sync({ fixes, kev: [listed] })
  await sync({ fixes, kev: [listed] })
  const raised = (await stories(quiet.id)).filter((event) => event.type === 'revised' && event.raised)
  expect(raised).toHaveLength(1)
  expect(raised[0]).toMatchObject({
    reason: expect.stringMatching(/^CVE-2026-9900001 is now on CISA's list of exploited vulnerabilities/),
    votesKept: true,
    revision: quiet.revision,
  })
  const after = (await openProposals(database().db)).find((state) => state.id === quiet.id)
  expect(after?.dueAt).not.toBeNull()
})

it('are not told when nothing that people read has changed', async () => {
  await sync({ fixes })
  const count = async () =>
    (await Promise.all((await openProposals(database().db)).map((state) => stories(state.id)))).flat().length
  const before = await count()
  await sync({ fixes, epss: [{ cve: 'CVE-2026-9900001', score: 0.01, percentile: 0.5, model: 'v5', date: 'today' }] })
  await sync({ fixes, epss: [{ cve: 'CVE-2026-9900001', score: 0.02, percentile: 0.6, model: 'v5', date: 'today' }] })
  expect(await count()).toBe(before)
})

it('a feed that cannot be read for more than a day is named on the card, until it can', async () => {
  await sync({ fixes })
  const { db } = database()
  const old = new Date(Date.now() - 3 * 86_400_000).toISOString()
  await sourceSucceeded(db, 'catalog', 'catalog', old, null, 0)
  await writeFile(catalog, 'not a catalog')
  await workflow.syncFeeds(signal)
  await workflow.propose(signal)
  const named = async () =>
    (await openProposals(db)).filter((state) => state.whyNow.includes('The feed catalog was last read on'))
  expect((await named()).length).toBeGreaterThan(0)
  await sync({ fixes })
  expect(await named()).toEqual([])
})

it('explain a CVE from feed to asset: who says it, what decided, what would change it, which assets and why', async () => {
  await sync({ fixes })
  const told = await workflow.explain('cve-2026-9900001')
  expect(told.statements).toMatchObject([
    { feed: 'catalog', about: 'openssl on debian:12', says: 'is mended in 3.0.17-1~deb12u2+example1' },
  ])
  expect(told.statements[0]?.readAt).not.toBeNull()
  const [first] = told.judged
  expect(first?.patch.evidence.map((item) => item.fact)).toContain('Decision')
  expect(first?.patch.turns?.length).toBeGreaterThan(0)
  expect(first?.patch.dueRule).toMatch(/days for/)
  expect(first?.assets[0]?.why).toMatch(/ is older than /)
  const asset = first?.assets[0]?.asset ?? ''
  const one = await workflow.explain('CVE-2026-9900001', asset)
  expect(one.judged.flatMap((item) => item.assets.map((entry) => entry.asset))).toEqual([asset])
})
