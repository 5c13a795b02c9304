/** What engines of systems that are told promise, as a table for people: asked of each engine itself, over its simulated system. */

import type { Asset } from '../../src/core/asset.ts'
import type { Change } from '../../src/core/change.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import type { Terms } from '../../src/core/terms.ts'
import * as configurationManager from '../integrations/configuration-manager/scene.ts'
import * as securityControls from '../integrations/ivanti-security-controls/scene.ts'
import * as manageEngine from '../integrations/manageengine/scene.ts'
import * as wsus from '../integrations/wsus/scene.ts'

interface Column {
  readonly kind: string
  readonly terms: Terms
}

const { signal } = new AbortController()
const NAME = 'app01.corp.example'

export async function termsTable(): Promise<string> {
  const site = await configurationManager.siteScene(
    configurationManager.memoryStore(configurationManager.fresh([NAME])),
  )
  const server = await wsus.wsusScene(wsus.memoryStore(wsus.fresh([NAME])))
  const scanning = await securityControls.consoleScene(securityControls.memoryStore(securityControls.fresh([NAME])))
  const [old, cloud] = await Promise.all(
    [true, false].map((onlyLegacy) =>
      manageEngine.manageEngineScene(manageEngine.memoryStore(manageEngine.fresh([NAME], { traps: { onlyLegacy } }))),
    ),
  )
  if (old === undefined || cloud === undefined) throw new Error('There is no ManageEngine.')
  const columns = [
    await column('wsus', server.engine(), wsus.assetNamed(NAME), wsus.update),
    await column(
      'configuration-manager',
      site.engine(),
      configurationManager.assetNamed(NAME),
      configurationManager.update,
    ),
    await column('manageengine', cloud.engine(), manageEngine.assetNamed(NAME), manageEngine.update),
    await column('manageengine, older API', old.engine(), manageEngine.assetNamed(NAME), manageEngine.update),
    await column(
      'ivanti-security-controls',
      scanning.engine(),
      securityControls.assetNamed(NAME),
      securityControls.update,
    ),
  ]
  const rows: readonly (readonly [string, (terms: Terms) => string])[] = [
    ['what a start acts on', ({ grain }) => grains[grain]],
    ['what has not begun when the window ends', ({ windowEnd }) => ends[windowEnd]],
    ['a stop reaches', ({ stopReaches }) => stops[stopReaches]],
    ['rules for restarts that it can keep', ({ reboots }) => reboots.join(', ')],
    ['rolling back a cumulative update', ({ notUndone }) => notUndone[0]?.why ?? 'by the same way'],
    ['decided in the system', ({ decidedThere = [] }) => decidedThere.join(' ') || 'nothing'],
  ]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['', ...columns.map(({ kind }) => kind)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(([name, said]) => line([name, ...columns.map(({ terms }) => said(terms))])),
  ].join('\n')
}

const grains: Readonly<Record<Terms['grain'], string>> = {
  asset: 'each server by itself',
  group: 'a group of its own, of the approved servers',
}
const ends: Readonly<Record<Terms['windowEnd'], string>> = {
  'taken back': 'is taken back by Patchwarden; a server that was off then may still install later',
  kept: 'does not begin any more: the system keeps it',
  'not kept': 'cannot be taken back',
}
const stops: Readonly<Record<Terms['stopReaches'], string>> = {
  'not begun': 'servers that have not begun',
  'not fetched': 'servers that have not fetched it',
  none: 'none',
}

async function column(kind: string, { terms }: DeployEngine, asset: Asset, change: Change): Promise<Column> {
  const [said] = (await terms?.([{ asset, changes: [change] }], signal)) ?? []
  if (said === undefined || typeof said === 'string') throw new Error(`${kind} promises nothing: ${said}`)
  return { kind, terms: said }
}
