/**
 * The one form in which platforms are compared. Whatever a feed, an inventory, a scanner or a person writes becomes
 * this form where it is read, because platforms are compared letter by letter afterwards.
 */

import { windowsPlatform } from '../assessment/windows-updates.ts'
import type { Platform } from '../asset.ts'
import { families, familyNamed, rolling, streamNamed } from './families.ts'

const platformOfCodeName: ReadonlyMap<string, Platform> = new Map(
  Object.entries(families).flatMap(([family, { codeNames = {} }]) =>
    Object.entries(codeNames).map(([name, release]) => [name, `${family}:${release}`] as const),
  ),
)

/** Most texts are in the canonical form already. */
const canonical =
  /^(?:(?:debian|rhel|almalinux|rocky|centos|oracle|fedora):\d{1,2}|ubuntu:\d\d\.\d\d|alpine:\d\.\d\d?)$/

/**
 * `almalinux:9` for `almalinux:9.4`, `alma:9` and `AlmaLinux 9.4 (Seafoam Ocelot)`; `debian:12` for `bookworm`. A
 * platform of an unknown family stays as it is, in small letters. `null`: the text names no platform.
 */
export function canonicalPlatform(text: string): Platform | null {
  if (canonical.test(text)) return text
  const given = withoutBrackets(text.toLowerCase())
  const codeName = platformOfCodeName.get(given)
  if (codeName !== undefined) return codeName
  if (/^(?:microsoft[ -])?windows\b/.test(given)) return windows(given)
  const extended = streamNamed(text.toLowerCase())
  const { name, release } = split(extended === null ? given : withoutBrackets(extended.rest))
  const family = familyNamed(name)
  if (family !== null && extended !== null) return ofStream(family, release, extended.stream) ?? given
  if (family === null) return /^[a-z][a-z0-9._-]*(?::[a-z0-9][a-z0-9._+-]*)?$/.test(given) ? given : null
  if (rolling.has(family)) return family
  const tumbleweed = family === 'opensuse' && name.includes('tumbleweed')
  const known = tumbleweed ? 'tumbleweed' : releaseOf(family, release)
  return known === '' ? family : `${family}:${known}`
}

function withoutBrackets(text: string): string {
  return text.replace(/\(.*?\)/g, ' ').trim()
}

/** `rhel:9.4-eus`; `null`: the text names no release. */
function ofStream(family: string, text: string, stream: string): Platform | null {
  const { releaseOfStream } = families[family] ?? {}
  const release = releaseOfStream?.(text, stream) ?? releaseOf(family, text)
  return release === '' ? null : `${family}:${release}-${stream}`
}

/** Splits at the colon, or else before the first number. */
function split(given: string): { readonly name: string; readonly release: string } {
  const colon = given.indexOf(':')
  if (colon !== -1) return { name: given.slice(0, colon), release: given.slice(colon + 1).trim() }
  const [, name = given, release = ''] =
    /^(\D*?)[\s@_.-]*v?(\d.*)$/.exec(given) ?? /^([a-z]+)[ -]([a-z]+)$/.exec(given) ?? []
  return familyNamed(name) !== null ? { name, release } : { name: given, release: '' }
}

function releaseOf(family: string, text: string): string {
  const { codeNames = {}, release } = families[family] ?? {}
  const word = text.replace(/^v(?=\d)/, '')
  if (Object.hasOwn(codeNames, word)) return codeNames[word] ?? word
  const known = release === undefined ? null : release(word)
  return known ?? word.replace(/\s+/g, '-')
}

/** `windows:server-2022` for `windows:2022`, `windows-server:2022` and `Windows Server 2022 Datacenter`. */
function windows(given: string): Platform | null {
  const name = given.replace(/^microsoft[ -]/, '').replace(/^windows[ _-]server[ :_-]?/, 'windows:server-')
  const [, rest] = /^windows:(?:server[ _-]?)?([a-z0-9.-]+)$/.exec(name) ?? []
  if (rest === undefined) return windowsPlatform(given.replace(/:/g, ' ')) ?? null
  const server = name.startsWith('windows:server') || /^20[0-2]\d/.test(rest)
  return `windows:${server ? 'server-' : ''}${rest}`
}
