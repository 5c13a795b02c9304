import { expect, test } from 'vitest'
import { checksFor, unchecked } from '../../src/core/health-checks.ts'
import type { HealthCheck } from '../../src/core/ports.ts'
import { anAsset } from '../support/asset.ts'

const all: HealthCheck = { kind: 'tcp', port: 22, timeoutSeconds: 3 }
const databases: HealthCheck = { ...all, port: 5432, on: { tags: ['db', 'replica'] } }
const late: HealthCheck = { ...all, port: 3389, on: { tags: ['db'], engines: ['wsus'] } }

const web = anAsset('web1', { tags: ['web'], engine: 'ssh' })
const db = anAsset('db1', { tags: ['db'], engine: 'ssh' })
const winDb = anAsset('win1', { tags: ['db'], engine: 'wsus' })

test('a check without a selector is for all, one with tags and engines for those that have both', () => {
  const checks = [all, databases, late]
  expect(checksFor(checks, web)).toEqual([all])
  expect(checksFor(checks, db)).toEqual([all, databases])
  expect(checksFor(checks, winDb)).toEqual([all, databases, late])
})

test('assets that no check looks at are counted', () => {
  const assets = [web, db, winDb].map((asset) => ({ asset }))
  expect(unchecked([], assets)).toBe(3)
  expect(unchecked([late], assets)).toBe(2)
  expect(unchecked([databases, late], assets)).toBe(1)
  expect(unchecked([all], assets)).toBe(0)
})
