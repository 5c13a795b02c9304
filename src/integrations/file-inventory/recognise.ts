import type { FileFormat } from '../../core/inventory-formats.ts'

/** Recognises the format of an inventory file by its first lines in UTF-8; `null` when the format is not supported. */
export function recogniseFormat(head: Buffer): FileFormat | null {
  const text = head.toString('utf8').trimStart()
  if (/^Package: \S/m.test(text) && /^(?:Package|Status|Version): /.test(text)) return 'dpkg-status'
  if (text.startsWith('{')) {
    if (/"bomFormat"\s*:\s*"CycloneDX"/.test(text)) return 'cyclonedx'
    if (/"spdxVersion"\s*:/.test(text)) return 'spdx'
    return 'json'
  }
  // A list of assets without the object around it counts as JSON, too. The JSON reader reports what is missing.
  if (text.startsWith('[')) return 'json'
  if (/^SPDXVersion:/m.test(text)) return 'spdx'
  if (/^(?:C:Q|P:\S)/m.test(text) && /^V:\S/m.test(text)) return 'apk-installed'
  if (/^\S+-\d\S*-r\d+ \S+ \{/.test(text)) return 'apk-installed'
  if (/Windows\S{0,3}\s*(?:Server|XP|Vista|\d)/i.test(text) && /\d\.\d\.\d{4}/.test(text)) return 'systeminfo'
  const [first = ''] = text.split(/\r?\n/)
  if (/^[\w.+-]+\t(?:\d+:|\(none\):)?\S+-\S+\t[a-z0-9_]+(?:\t|$)/.test(first)) return 'rpm-list'
  if (/^(?:[\w.+-]+-[^-\s]+-[^-\s]+\.(?:noarch|x86_64|i[3-6]86|aarch64|ppc64le|s390x)|gpg-pubkey-\S+)$/.test(first))
    return 'rpm-list'
  const named = /^sep=[,;\t]$/i.test(first) || (/[;\t]/.test(first) && /\bpackage\b/i.test(first))
  return named || first.includes(',') ? 'csv' : null
}
