import type { Platform } from '../../core/asset.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'

export interface OsRelease {
  /** In the form of feeds, for example `debian:12`; `null` when the file does not name it. */
  readonly platform: Platform | null
  /** The name for people, for example `Debian GNU/Linux 12 (bookworm)`. */
  readonly title: string
}

/** Reads the lines of /etc/os-release, os-release(5). */
export function parseOsRelease(lines: readonly string[]): OsRelease {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, key, value = ''] = /^([A-Z0-9_]+)=(.*)$/.exec(line) ?? []
    if (key !== undefined) fields.set(key, unquote(value.trim()))
  }
  const id = fields.get('ID') ?? ''
  const version = fields.get('VERSION_ID') ?? ''
  const known = /^[a-z0-9._-]+$/.test(id) && /^[A-Za-z0-9._-]+$/.test(version)
  const title = fields.get('PRETTY_NAME') ?? `${id} ${version}`.trim()
  return { platform: known ? canonicalPlatform(`${id}:${version}`) : null, title: title.slice(0, 100) }
}

function unquote(value: string): string {
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(value) ?? []
  return quote === undefined || inner === undefined ? value : inner.replace(/\\(["'\\$`])/g, '$1')
}
