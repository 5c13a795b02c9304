import { cloudId, fullName, hardwareId, type Identity } from '../../core/identity.ts'
import { linesOf, markedValue, type Sections } from './sections.ts'

/**
 * By what the machine says it is recognised, from the answer of `identity` in ../probe/shared.sh. What it could not read
 * is left out. `null`: it was not asked.
 */
export function identityIn(sections: Sections): Identity | null {
  if (!sections.has('system-uuid')) return null
  const known: { -readonly [kind in keyof Identity]: Identity[kind] } = {}
  const hardware = hardwareId(markedValue(sections, 'system-uuid') ?? '')
  const fqdn = fullName(markedValue(sections, 'fqdn') ?? '')
  const cloud = cloudOf(linesOf(sections, 'cloud')) ?? cloudId(`aws:${markedValue(sections, 'board') ?? ''}`)
  if (hardware !== null) known.hardware = hardware
  if (fqdn !== null) known.fqdn = fqdn
  if (cloud !== null) known.cloud = cloud
  return known
}

/** From lines of the instance data of cloud-init, such as `"cloud_name": "aws",`. */
function cloudOf(lines: readonly string[]): string | null {
  const written = (key: string) =>
    lines.flatMap((line) => new RegExp(`^\\s*"${key}": "([^"]*)"`).exec(line)?.[1] ?? [])[0]
  return cloudId(`${written('cloud_name') ?? ''}:${written('instance_id') ?? ''}`)
}
