import { cloudId, fullName, hardwareId, type Identity } from '../../core/identity.ts'

/** By what a list says a machine is recognised in other sources. */
export interface ListedIds {
  readonly hardwareId?: string | undefined
  readonly cloudId?: string | undefined
  readonly fqdn?: string | undefined
}

/**
 * The ids of one machine. An id that is not in the list is not there, so one that was removed is forgotten. `warnings`: a
 * sentence for each id that cannot be used.
 */
export function listedIdentity(
  name: string,
  { hardwareId: hardware, cloudId: cloud, fqdn }: ListedIds,
): { readonly identity: Identity; readonly warnings: readonly string[] } {
  const identity = {
    hardware: hardwareId(hardware ?? ''),
    cloud: cloudId(cloud ?? ''),
    fqdn: fullName(fqdn ?? ''),
  }
  const warnings: string[] = []
  const unusable = (key: string, value: string | undefined, used: string | null, why: string) => {
    if (value !== undefined && value !== '' && used === null)
      warnings.push(`The ${key} "${value}" of ${name} recognises no machine: ${why}.`)
  }
  unusable('hardwareId', hardware, identity.hardware, 'write a system UUID that is not a placeholder of its maker')
  unusable('cloudId', cloud, identity.cloud, 'write the cloud and the instance, such as aws:i-0123456789abcdef0')
  unusable('fqdn', fqdn, identity.fqdn, 'write a full domain name, such as web01.example.net')
  return { identity, warnings }
}
