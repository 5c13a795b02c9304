/** A file of each documented format can be a source in the configuration. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { observedAsset, onlyLooks } from '../../../src/core/asset.ts'
import { fileFormats } from '../../../src/core/inventory-formats.ts'
import { loadConfig, parseSettings } from '../../../src/integrations/configuration.ts'
import { small } from '../../config/small.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { inventoryTexts, platformFor } from './inventory-texts.ts'

const folder = temporaryFolder('pw-file-kind')

/** The configuration with a file of the format as its only source. */
function withFile(format: string, text: string, more: string): string {
  const path = join(folder, `${format}.txt`)
  writeFileSync(path, text)
  const sources = `sources:\n  shop: { kind: file, path: ${JSON.stringify(path)}, format: ${format}${more} }\nfeeds:\n`
  return small.replace(/sources:[\s\S]*feeds:\n/, () => sources)
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseSettings(text, 'pw.yaml')
  return parsed.ok ? [] : parsed.problems.map(describeProblem)
}

async function assetsOf(text: string) {
  const path = join(folder, 'patchwarden.yaml')
  writeFileSync(path, text)
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path, environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  const assets = []
  for (const source of buildSources(loaded.config, {}, () => new Date()))
    for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal })))
      assets.push(observedAsset(seen))
  return assets
}

const ofOneMachine = fileFormats.filter((format) => format !== 'json' && format !== 'csv')

describe.each(ofOneMachine)('a file of the format %s', (format) => {
  const text = inventoryTexts[format]

  it.each([
    ['with a name', ', name: web01, address: 192.0.2.7', { name: 'web01', address: '192.0.2.7' }],
    ['without one', '', { name: format === 'systeminfo' ? 'WIN01' : 'shop' }],
  ])('can be a source, %s', async (_, more, expected) => {
    const configured = withFile(format, text, `, platform: "${platformFor(format)}", team: web${more}`)
    expect(problemsOf(configured)).toEqual([])
    const platform = format === 'systeminfo' ? 'windows:server-2022' : platformFor(format)
    expect(await assetsOf(configured)).toMatchObject([{ ...expected, platform, team: 'web' }])
  })

  it('needs a team, and a platform where it does not say it, and says so', () => {
    const says = ['cyclonedx', 'spdx', 'systeminfo'].includes(format)
    expect(problemsOf(withFile(format, text, ', team: web'))).toEqual(
      says ? [] : [expect.stringContaining('sources.shop.platform is missing. Write the platform of the machine')],
    )
    expect(problemsOf(withFile(format, text, ', platform: "debian:12"'))).toEqual([
      expect.stringContaining('sources.shop.team is missing. Write the team of the machine'),
    ])
  })
})

it.each(['json', 'csv'] as const)('a file of the format %s names its assets itself', async (format) => {
  const text = inventoryTexts[format]
  const configured = withFile(format, text, ', platform: "debian:12", team: web')
  expect(await assetsOf(configured)).toMatchObject([{ name: 'web01', platform: 'debian:12' }])
  expect(problemsOf(withFile(format, text, ', team: web, name: web01'))).toEqual([
    expect.stringContaining(`sources.shop.name is for a file about one machine; ${format} says it for each asset`),
  ])
})
