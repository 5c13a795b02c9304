import { isIP } from 'node:net'
import type { Asset } from '../../core/asset.ts'
import type { HealthCheck } from '../../core/ports.ts'

/** A check with the asset's own values filled in, or why that cannot be. */
export type FilledCheck =
  | { readonly kind: 'http'; readonly url: URL; readonly name: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly name: string }
  | { readonly kind: 'impossible'; readonly name: string; readonly reason: string }

/**
 * Fills `{address}` and `{name}` in. Both come from outside: only what can be a host name or an address is put into a
 * URL, so that an asset's name cannot lead a check elsewhere.
 */
export function fillCheck(check: HealthCheck, asset: Asset): FilledCheck {
  switch (check.kind) {
    case 'http':
      return fillUrl(check.url, asset)
    case 'tcp': {
      const name = `tcp port ${check.port}`
      const host = hostOf(asset.address)
      if (host === null) return { kind: 'impossible', name, reason: noHost('address', asset.address) }
      if (!Number.isInteger(check.port) || check.port < 1 || check.port > 65_535) {
        return { kind: 'impossible', name, reason: `${check.port} is no port` }
      }
      return { kind: 'tcp', host, port: check.port, name }
    }
  }
}

function fillUrl(template: string, asset: Asset): FilledCheck {
  const values = { address: asset.address, name: asset.name }
  let text = template
  for (const [key, value] of Object.entries(values)) {
    if (!text.includes(`{${key}}`)) continue
    const host = hostOf(value)
    if (host === null) return { kind: 'impossible', name: template, reason: noHost(key, value) }
    text = text.replaceAll(`{${key}}`, isIP(host) === 6 ? `[${host}]` : host)
  }
  const left = /\{[^}]*\}/.exec(text)?.[0]
  if (left !== undefined) {
    return { kind: 'impossible', name: template, reason: `${left} is not known: write {address} or {name}` }
  }
  if (!URL.canParse(text)) return { kind: 'impossible', name: template, reason: `${text} is no URL` }
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { kind: 'impossible', name: template, reason: `${url.protocol} is not http: or https:` }
  }
  return { kind: 'http', url, name: text }
}

function hostOf(value: string): string | null {
  const bare = value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value
  if (isIP(bare) !== 0) return bare
  const labels = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}))*\.?$/
  return labels.test(bare) ? bare : null
}

function noHost(field: string, value: string): string {
  return `the asset's ${field} ${JSON.stringify(value.slice(0, 80))} is no host name or address`
}
