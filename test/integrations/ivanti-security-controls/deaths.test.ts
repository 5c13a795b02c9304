import { expect, it } from 'vitest'
import { LEAD_HOURS } from './scene.ts'
import { batchOf, begin, done, each, follow, names, outcomes, three } from './starts.ts'

const { signal } = new AbortController()

it('a deployment killed at any step of a look, before or after the console acted, is never made twice', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let nth = 0; nth < 60; nth++) {
      const scene = await three({}, { scanMinutes: 0 })
      const handle = await begin(scene.engine(), batchOf(scene))
      scene.pass(LEAD_HOURS)
      const died = await scene
        .engine({ dies: { nth, when } })
        .compare?.(handle, signal)
        .then(
          () => false,
          () => true,
        )
      const engine = scene.engine()
      await follow(scene, engine, handle, 5)
      const found = await outcomes(engine, handle)
      const count = (await scene.state()).deployments.length
      // What died between the note and the request is left to people.
      expect([each('succeeded'), each('unreachable')]).toContainEqual(found)
      expect(count).toBe(found[names[0] ?? ''] === 'succeeded' ? 1 : 0)
      for (const ids of Object.values(await done(scene))) expect(ids).toEqual([40_001])
      if (died === false) {
        expect(nth).toBeGreaterThan(3)
        break
      }
    }
  }
})
