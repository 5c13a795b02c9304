import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import { expect, it } from 'vitest'
import type { Advisory } from '../../../src/core/catalog.ts'
import { schemeFor } from '../../../src/core/versions/scheme.ts'
import { parseAdvisories } from '../../../src/integrations/feeds/debian-advisories/index.ts'
import { ecosystemOf } from '../../../src/integrations/feeds/osv/ecosystem.ts'
import { sharedData } from '../shared-data.ts'

const recorded = sharedData('oracles/osv_dev_querybatch_recorded_2026-08.jsonl')
const lists = ['DSA', 'DLA'].map((name) => sharedData(`debian/tracker-2023-04/${name}-list.zst`))

interface Query {
  readonly ecosystem: string
  readonly name: string
  readonly version: string
  readonly ids: readonly string[]
}

function advisoriesIn(path: string): readonly Advisory[] {
  const input = { previous: null, fromMirror: false, allowShrinking: true }
  const { content } = parseAdvisories({ ...input, bytes: Buffer.from(decompress(readFileSync(path))), what: path })
  return content.advisories ?? []
}

it.skipIf(recorded === null || lists.includes(null))(
  'names for Debian the advisories that osv.dev named when it was asked, as far as our lists go',
  () => {
    const advisories = lists.flatMap((path) => advisoriesIn(path ?? ''))
    const known = new Set(advisories.map((advisory) => advisory.id))
    const queries: Query[] = readFileSync(recorded ?? '', 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    let named = 0
    let asked = 0
    for (const { ecosystem, name, version, ids } of queries) {
      const platform = ecosystem.startsWith('Debian:') ? (ecosystemOf(ecosystem)?.platform ?? null) : null
      if (platform === null) continue
      const { compare } = schemeFor(platform)
      const ours = advisories.filter((advisory) =>
        advisory.fixes.some(
          (fix) => fix.platform === platform && fix.source === name && compare(version, fix.fixedVersion) < 0,
        ),
      )
      const theirs = ids.filter((id) => known.has(id))
      expect(ours.map((advisory) => advisory.id).sort(), `${ecosystem} ${name} ${version}`).toEqual([...theirs].sort())
      named += theirs.length
      asked++
    }
    expect([asked, named]).toEqual([199, 4])
  },
)
