import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { leftIn, makeRunFolder, setup, systemFolder } from './run-folder.ts'
import { temporaryFolder } from './temporary-folder.ts'

it('tests write into the folder of the run, and a second project of it takes the same', () => {
  expect(path.dirname(tmpdir())).toBe(systemFolder())
  expect(path.basename(tmpdir())).toMatch(/^pw-run-/)
  expect(setup()).toBeUndefined()
})

it('what a test leaves is found, and caches and the sockets of a killed service are not counted', () => {
  const folder = makeRunFolder(temporaryFolder('pw-runs'))
  for (const name of ['tsx-0', 'node-compile-cache', 'pw-AbC123']) mkdirSync(path.join(folder, name))
  expect(leftIn(folder)).toEqual([])
  writeFileSync(path.join(folder, 'forgotten.txt'), '')
  mkdirSync(path.join(folder, 'pw-service-AbC123'))
  expect(leftIn(folder)).toEqual(['forgotten.txt', 'pw-service-AbC123'])
})

it('a run begins by removing the folders of runs that were killed, and no others', () => {
  const base = temporaryFolder('pw-runs')
  const ended = spawnSync('true').pid
  const [mine, dead, unknown] = [makeRunFolder(base), makeRunFolder(base), path.join(base, 'pw-run-young')]
  const owner = readFileSync(path.join(mine, 'owner'), 'utf8')
  writeFileSync(path.join(dead, 'owner'), owner.replace(/^\d+/, String(ended)))
  const elsewhere = makeRunFolder(base, 'pw-run-')
  writeFileSync(path.join(elsewhere, 'owner'), `${ended} pid:[1]`)
  mkdirSync(unknown)
  mkdirSync(path.join(base, 'of-another'))
  makeRunFolder(base)
  const stays = (folder: string) => existsSync(folder)
  expect([mine, dead, unknown, elsewhere, path.join(base, 'of-another')].map(stays)).toEqual([
    true,
    false,
    true,
    true,
    true,
  ])
})
