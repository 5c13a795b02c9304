/** Fleets drawn from real package lists, the same for every run. */

import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import type { InstalledPackage } from '../../src/core/asset.ts'

/** Mulberry32: small, seeded, good enough to draw packages. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function unpacked(path: string): string {
  const bytes = readFileSync(path)
  return new TextDecoder().decode(path.endsWith('.zst') ? decompress(bytes) : bytes)
}

/** The versions of one binary package that a host may have; one object each, as the store interns them. */
export type Choice = readonly InstalledPackage[]

/** Debian 12: the archive's packages, each with the versions that its source had since the release. */
export function debianChoices(packages: string, uploads: string, limit: number): Choice[] {
  const older = new Map<string, string[]>()
  for (const line of unpacked(uploads).split('\n')) {
    if (line === '') continue
    const { source, version }: { source: string; version: string } = JSON.parse(line)
    const versions = older.get(source)
    if (versions) versions.push(version)
    else older.set(source, [version])
  }
  const choices = new Map<string, InstalledPackage[]>()
  for (const line of unpacked(packages).split('\n').slice(1)) {
    const [, name = '', version = '', architecture = '', source = '', sourceVersion = ''] = line.split('\t')
    if (name === '') continue
    const own = choices.get(name) ?? []
    choices.set(name, own)
    own.push({ name, version, architecture, source, sourceVersion })
    if (own.length > 1) continue
    for (const old of (older.get(source) ?? []).slice(0, 4))
      own.push({ name, version: old, architecture, source, sourceVersion: old })
  }
  // Packages of sources with security updates first: they are what hosts differ in.
  const all = [...choices.values()].sort(
    (a, b) => b.length - a.length || ((a[0]?.name ?? '') < (b[0]?.name ?? '') ? -1 : 1),
  )
  const picked: Choice[] = []
  let versions = 0
  for (const [index, choice] of all.entries()) {
    if (index % 3 === 2 && choice.length < 3) continue
    if (versions + choice.length > limit) break
    versions += choice.length
    picked.push(choice)
  }
  return picked
}

/** AlmaLinux: the packages that advisories name, in the versions that they name. */
export function almaChoices(
  fixes: Iterable<{ readonly platform: string; readonly package: string; readonly fixedVersion: string | null }>,
  platform: string,
  limit: number,
): Choice[] {
  const names = new Map<string, Set<string>>()
  for (const fix of fixes) {
    if (fix.platform !== platform || fix.fixedVersion === null) continue
    const versions = names.get(fix.package) ?? new Set()
    names.set(fix.package, versions.add(fix.fixedVersion))
  }
  const picked: Choice[] = []
  let versions = 0
  for (const [name, own] of [...names].sort((a, b) => b[1].size - a[1].size)) {
    const choice = [...own]
      .slice(-4)
      .map((version) => ({ name, version, architecture: 'x86_64', source: name, sourceVersion: version }))
    if (versions + choice.length > limit) break
    versions += choice.length
    picked.push(choice)
  }
  return picked
}

/** One machine: 500 to 700 packages, each in one of its versions. */
export function drawHost(choices: readonly Choice[], next: () => number): InstalledPackage[] {
  const count = Math.min(500 + Math.floor(next() * 201), choices.length)
  const places = new Set<number>()
  while (places.size < count) places.add(Math.floor(next() * choices.length))
  return [...places].flatMap((place) => {
    const choice = choices[place] ?? []
    return choice[Math.floor(next() * choice.length)] ?? []
  })
}
