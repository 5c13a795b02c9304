import { expect, test } from 'vitest'
import { linkObstacle, type WantedLink } from '../../src/core/link-obstacle.ts'

const free: WantedLink = {
  person: 'mara',
  account: 'the Discord account tomski (8035)',
  address: 'discord 8035',
  platform: 'discord',
  configuredFor: null,
  linkedWith: null,
  earlier: null,
}
const earlier = 'the Discord account old (1)'

test.each<[string, Partial<WantedLink>, string | null, boolean]>([
  ['nothing', {}, null, false],
  ['that it is linked with them', { linkedWith: 'mara', earlier }, 'speaks for you already', true],
  ['that the configuration names it for them', { configuredFor: 'mara' }, 'speaks for you already', true],
  ['that the configuration names it for somebody else', { configuredFor: 'tom' }, 'names it for somebody else', false],
  [
    'the configuration before a link',
    { configuredFor: 'tom', linkedWith: 'mara' },
    'names it for somebody else',
    false,
  ],
  ['that it is linked with somebody else', { linkedWith: 'tom' }, 'accounts revoke discord 8035', false],
  ['that they linked another', { earlier }, 'The Discord account old (1) is linked with you already', false],
])('in the way of a link stands %s', (_, given, says, already) => {
  const obstacle = linkObstacle({ ...free, ...given })
  if (says === null) return expect(obstacle).toBeNull()
  expect(obstacle).toMatchObject({ already, sentence: expect.stringContaining(says) })
})
