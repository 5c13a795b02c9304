import { isIP } from 'node:net'
import type { Asset } from '../../core/asset.ts'
import type { HealthCheck } from '../../core/ports.ts'

/** A check with the asset's values filled in, or the reason why this is not possible. */
export type FilledCheck =
  | { readonly kind: 'http'; readonly url: URL; readonly name: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly name: string }
  | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[]; readonly name: string }
  | { readonly kind: 'impossible'; readonly name: string; readonly reason: string }

/**
 * Fills in `{address}` and `{name}`. Both come from outside. Into a URL, only a host name or an address is filled in,
 * so that the name of an asset cannot lead the check to another place.
 */
export function fillCheck(check: HealthCheck, asset: Asset): FilledCheck {
  switch (check.kind) {
    case 'http':
      return fillUrl(check.url, asset)
    case 'tcp': {
      const name = check.host === undefined ? `tcp port ${check.port}` : `tcp port ${check.port} of ${check.host}`
      const host = hostOf(check.host ?? asset.address)
      if (host === null) {
        const reason =
          check.host === undefined
            ? noHost('address', asset.address)
            : `${JSON.stringify(check.host.slice(0, 80))} is not a host name or address`
        return { kind: 'impossible', name, reason }
      }
      if (!Number.isInteger(check.port) || check.port < 1 || check.port > 65_535) {
        return { kind: 'impossible', name, reason: `${check.port} is not a port` }
      }
      return { kind: 'tcp', host, port: check.port, name }
    }
    case 'command': {
      const name = check.command.join(' ')
      const filled = fillArguments(check.command, asset)
      return 'problem' in filled ? { kind: 'impossible', name, reason: filled.problem } : { kind: 'command', ...filled }
    }
    case 'query':
      return { kind: 'impossible', name: check.query, reason: `only ${check.source} can ask the server this` }
  }
}

/**
 * Returns a program and its arguments, with `{address}` and `{name}` of the asset and the values of `more` filled in.
 * The values of the asset must be a host name or an address, so that they cannot be an option or a path.
 */
export function fillArguments(
  template: readonly string[],
  asset: Asset,
  more: Readonly<Record<string, string>> = {},
):
  | { readonly command: string; readonly args: readonly string[]; readonly name: string }
  | { readonly problem: string } {
  const filled: string[] = []
  for (const part of template) {
    let text = part
    for (const key of ['address', 'name'] as const) {
      if (!text.includes(`{${key}}`)) continue
      const host = hostOf(asset[key])
      if (host === null) return { problem: noHost(key, asset[key]) }
      text = text.replaceAll(`{${key}}`, host)
    }
    for (const [key, value] of Object.entries(more)) text = text.replaceAll(`{${key}}`, value)
    filled.push(text)
  }
  const [command = '', ...args] = filled
  return command === '' ? { problem: 'it names no program' } : { command, args, name: filled.join(' ') }
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
  const open = text.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
  if (open !== text) {
    const reason = 'its address holds a user name or a password: check a page behind a password by a command'
    return { kind: 'impossible', name: open, reason }
  }
  if (!URL.canParse(text)) return { kind: 'impossible', name: template, reason: `${text} is not a URL` }
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
  return `the server's ${field} ${JSON.stringify(value.slice(0, 80))} is not a host name or address`
}
