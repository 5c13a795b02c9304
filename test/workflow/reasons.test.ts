/** Why a proposal that nobody asks for any more is closed. */

import { expect, test } from 'vitest'
import type { AssessedAsset, Assessment } from '../../src/core/assessment/assess.ts'
import type { Patch } from '../../src/core/catalog.ts'
import { whyClosed } from '../../src/workflow/proposing/reasons.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

const state = proposalCase({ content: content(2) }).state()
if (state.subject.kind !== 'patches') throw new Error('not patches')
const [openssl] = state.subject.patches as readonly [Patch]
const assets = state.subject.assets.map(({ asset }) => ({ asset }) as unknown as AssessedAsset)
const newer = { ...openssl, id: 'debian:12/openssl/4', version: '4' }

test.each<[string, Assessment, string]>([
  ['the fix is there', { patches: [], withheld: [], assets }, 'nothing of it is known to be missing any more'],
  [
    'the archive with the fix has vanished',
    { patches: [], withheld: [newer], assets },
    'openssl 4 is still missing, but it is not offered any more',
  ],
  ['its servers are gone', { patches: [], withheld: [], assets: [] }, 'none of its servers is known any more'],
])('it says what is true where %s', (_, missing, why) => {
  expect(whyClosed(state, missing, [state])).toBe(`the latest assessment: ${why}`)
})
