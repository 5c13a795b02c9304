/** Who judges the servers of the store, and where it is shown that nobody judges some. */

import { afterEach, beforeEach, expect, it } from 'vitest'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { countAssets } from '../../src/store/asset-pages.ts'
import { assetsHtml } from '../../src/web/pages/assets.ts'
import { placeOf } from '../../src/workflow/places.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, proposeAll, webProposal } from '../support/example-service.ts'

const database = useDatabase()
let service: Awaited<ReturnType<typeof exampleService>>
const packages = '[{ "name": "bash", "version": "5.1.8-6.el9" }]'
const attic = `{ "name": "attic-01", "platform": "ol:9.4", "team": "web-platform", "packages": ${packages} }`
const viewer = { person: 'mara', name: 'Mara', timeZone: 'UTC', isOperator: true } as Parameters<typeof assetsHtml>[2]
const everything = { team: null, platform: null, text: '', anywhere: false, is: null, after: null }

beforeEach(async () => {
  service = await exampleService(database().db, {
    edit: (fleet) => fleet.replace(/"assets": \[/, `"assets": [${attic},`),
  })
  await proposeAll(service.workflow)
})
afterEach(() => service.remove())

it('is counted over the store, with the servers that nobody can judge', async () => {
  const { platforms, notAssessed, feeds } = await service.workflow.coverage()
  expect(notAssessed).toEqual([
    { why: 'no feed speaks of oracle:9', platform: 'oracle:9', count: 1, names: ['attic-01'] },
  ])
  expect(feeds).toEqual([])
  const debian = platforms.find(({ platform }) => platform === 'debian:12')
  expect(debian?.feeds.length).toBeGreaterThan(0)
  expect(debian?.packageManager).toMatchObject({ name: 'apt', assets: debian?.assets })
  expect((await service.workflow.coverage('payments')).notAssessed).toEqual([])
})

it('is on the card, which does not speak for them', async () => {
  const { db } = database()
  const { id } = await webProposal(db)
  const place = await placeOf({ ...service.parts, estimates: service.workflow.estimates }, id)
  if (place === null) throw new Error('no place')
  expect(proposalCard(place, null).notes.map(({ text }) => plain(text))).toContain(
    'Not assessed: 1 more server of the team (oracle:9). What they miss is not known.',
  )
})

it('is in the console: in its lists, counts and explanations', async () => {
  const { db } = database()
  const port = exampleConsole(db, service)
  const view = await port.assets({ ...everything, text: 'attic' }, viewer)
  expect(view.rows).toMatchObject([{ name: 'attic-01', platform: 'oracle:9', isAssessed: false }])
  expect(String(assetsHtml(view, everything, viewer))).toMatch(
    /attic-01<\/a>.*<span class="pill warn">Not assessed<\/span>/,
  )
  expect(view.coverage).toContain('Not assessed: attic-01 (oracle:9), because no feed speaks of oracle:9.')
  expect(view.coverage.join()).toMatch(/debian:12 \(\d+ servers\) is judged by .*, apt on all \(lists since /)
  const others = await port.assets({ ...everything, text: 'web-' }, viewer)
  expect(others.rows.every(({ isAssessed }) => isAssessed)).toBe(true)
  const counts = (await countAssets(db)).get('web-platform')
  expect(counts?.covered).toBe((counts?.assets ?? 0) - 1)
  expect(plain((await port.explain('CVE-2099-9999')).lead)).toMatch(/^No feed knows CVE-2099-9999/)
  expect((await port.explain('openssl')).lines).toContain(
    'Not assessed: attic-01 (oracle:9), because no feed speaks of oracle:9.',
  )
})
