/**
 * Whole processes beside a simulated WSUS, killed and halted. The server and its machines outlive them in a file, and say
 * afterwards what was done. Scenes of several simulated days are in test/days.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { createRandom } from '../support/random.ts'
import {
  approved,
  completes,
  expectDoneOnce,
  made,
  oneOfThreeLearns,
  said,
  until,
  useWsus,
} from '../support/wsus-scene.ts'
import { toldIn } from '../support/wsus-services.ts'

const database = useDatabase()
const server = useWsus()

/** Twenty by PATCHWARDEN_WSUS_KILLS=20; the same seed draws the same moments. */
const KILLS = Number(process.env.PATCHWARDEN_WSUS_KILLS ?? 3)
const seed = Number(process.env.PATCHWARDEN_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))

test(`killed ${KILLS} times at random moments (seed ${seed}): nothing is approved twice, and nothing is left behind`, {
  timeout: 600_000 + KILLS * 30_000,
}, async () => {
  const random = createRandom(seed)
  const one = await server(1)
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  for (let kill = 0; kill < KILLS; kill++) {
    // At some instant, or right after a call has changed something on the server.
    const moment = sleep(random() * 20_000)
    await (random() < 0.5 ? moment : Promise.race([one.changes(1 + Math.floor(random() * 8)), sleep(20_000)]))
    await service.end('SIGKILL')
    await service.start()
  }
  await completes(service)
  await expectDoneOnce(one, database().url)
  // Two rings, in each a group with two approvals.
  expect(await made(one)).toBe(2 * (1 + 2))
  expect(await service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
})

test('a halt after telling: card and thread say who was reached, who may still install until when, and who was never told', {
  timeout: 600_000,
}, async () => {
  const one = await server(2, { lead: '72 hours' })
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  await oneOfThreeLearns(one)
  expect(await service.command('halt', 'PW-1', '--because', 'odd graphs', '--as', 'mara')).toMatchObject({ code: 0 })
  await until(one, async (now) => toldIn(await now.state()).length === 0)
  const sentence = /taken back from 2 servers; 1 may still install until .+; 5 never told/
  await expect.poll(() => said(at).thread, { timeout: 60_000 }).toMatch(sentence)
  expect(said(at).thread).toContain('What was told is taken back from servers that have not begun.')
  await expect.poll(() => said(at).card, { timeout: 60_000 }).toMatch(sentence)
  expect((await one.state()).machines.flatMap(({ attempts }) => attempts)).toEqual([])
})
