import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withFileLock } from '../../../src/integrations/simulated-system/file-lock.ts'
import { systemSchema } from '../../../src/integrations/simulated-system/state.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { assetNamed, fileStore, fresh, systemScene, update } from './scene.ts'

const program = fileURLToPath(new URL('start-and-die.ts', import.meta.url))
const { signal } = new AbortController()

it('lets one task after another work, however many there are', async () => {
  const lock = path.join(temporaryFolder('pw-lock'), 'lock')
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 20 }, () =>
      withFileLock(lock, async () => {
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 2))
        inside--
      }),
    ),
  )
  expect(most).toBe(1)
  expect(existsSync(lock)).toBe(false)
})

it('takes over the lock of a process that is dead, or of this one before a restart', async () => {
  const lock = path.join(temporaryFolder('pw-lock'), 'lock')
  for (const token of ['4194304 of-a-dead-process', `${process.pid} of-an-earlier-life`]) {
    writeFileSync(lock, token)
    expect(await Promise.all([1, 2, 3].map((one) => withFileLock(lock, async () => one)))).toEqual([1, 2, 3])
  }
  expect(readdirSync(path.dirname(lock))).toEqual([])
})

it('keeps its state whole while several processes use it and are killed', async () => {
  const store = fileStore(fresh(['web91', 'web92', 'web93']))
  const rest = { changes: [update], transaction: [], reboot: 'if required', notAfter: null }
  const deployments = ['web91', 'web92', 'web93'].map((name) => ({ asset: assetNamed(name), ...rest }))
  const children = [250, 400, 600, 800].map((ms, index) => {
    const batchFile = path.join(path.dirname(store.path), `batch-${index}.json`)
    // Two processes each work for the same start.
    writeFileSync(batchFile, JSON.stringify({ key: `killed.${index % 2}`, deployments }))
    const args = ['--import', 'tsx', program, store.path, batchFile, String(ms)]
    return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  })
  await Promise.all(children.map((child) => once(child, 'exit')))
  const state = systemSchema.parse(JSON.parse(readFileSync(store.path, 'utf8')))
  const names = state.groups.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(state.groupsMade).toBeGreaterThan(0)
  // Whatever the killed ones held is let go, and the next process brings it to its end.
  const engine = systemScene(store, new Date().toISOString()).engine()
  for (const key of ['killed.0', 'killed.1']) await engine.tidy?.(key, signal)
  expect((await store.read()).groups).toEqual([])
  expect(
    readdirSync(path.dirname(store.path)).filter((name) => name.includes('.lock') && !name.endsWith('.tmp')),
  ).toEqual([])
})
