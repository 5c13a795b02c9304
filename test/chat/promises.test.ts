import { expect, it } from 'vitest'
import { promiseSentences } from '../../src/chat/promises.ts'
import { standInAsset } from '../../src/core/asset.ts'
import { promisedIn } from '../../src/core/promised.ts'
import type { PlannedAsset } from '../../src/core/proposal/proposal.ts'
import { lateTerms } from '../support/late-terms.ts'

function planned(id: string, wholeGroup?: string): PlannedAsset {
  const terms = wholeGroup === undefined ? lateTerms : { ...lateTerms, wholeGroup }
  const asset = { ...standInAsset(id, id, 'web'), engine: 'wsus' }
  return { asset, patches: [], changes: [], transaction: [], previewProblem: null, terms }
}

it('servers of whole groups share their promises, which name the groups and what one machine more or less means', () => {
  const assets = [planned('a', 'Wave 1'), planned('b', 'Wave 1'), planned('c', 'Wave 2')]
  const [promised, ...others] = promisedIn({ assets })
  if (promised === undefined) throw new Error('Nothing is promised.')
  expect(others).toEqual([])
  expect(promiseSentences(promised)).toContain(
    'It approves for a whole group ("Wave 1", "Wave 2"): taking back one server takes back its whole group, and a server that a policy puts into a group meanwhile may learn of it before it is taken back.',
  )
})

it('servers that are told by themselves have no sentence about groups', () => {
  const [promised] = promisedIn({ assets: [planned('a')] })
  if (promised === undefined) throw new Error('Nothing is promised.')
  expect(promiseSentences(promised).join(' ')).not.toContain('group')
})
