import { expect, test } from 'vitest'
import type { AssetRow, AssetsView } from '../../src/web/console-port.ts'
import { assetsHtml } from '../../src/web/pages/assets.ts'

const query = { team: null, platform: null, text: '', anywhere: false, is: 'unmanaged' as const, after: null }
const row: AssetRow = {
  ...{ id: 'fleet/lab-07', name: 'lab-07', platform: 'debian:12', team: 'web', tags: [], source: 'fleet' },
  ...{ simulated: false, packages: 7, pending: 0, asked: false, security: 0, held: [], listsRefreshedAt: null },
  ...{ archives: null, rebootRequired: false, seenAt: '2026-11-20T10:00:00.000Z', problem: null, isAssessed: true },
  ...{ unmanaged: true, ask: '<Mara> (owner of web)' },
}
const view: AssetsView = {
  ...{ rows: [row, { ...row, name: 'app-01', unmanaged: false, ask: null }], next: null, coverage: [], teams: ['web'] },
  counts: { assets: 2, simulated: 0, covered: 2, at: '2026-11-20T10:00:00.000Z' },
  unmanaged: ['1 server is managed by nobody: no engine changes it, and no patching system knows it.'],
}
const viewer = { timeZone: 'UTC' } as Parameters<typeof assetsHtml>[2]

test('the page of servers says how many nobody manages, which, and whom to ask, and can show those alone', () => {
  const page = String(assetsHtml(view, query, viewer))
  expect(page).toContain('1 server is managed by nobody')
  expect(page).toContain('<option value="unmanaged" selected>Nobody manages it</option>')
  expect(page.match(/Nobody manages it<\/span>/g)).toHaveLength(1)
  expect(page).toContain('Ask &lt;Mara&gt; (owner of web).')
})
