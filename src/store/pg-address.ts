/**
 * An address for the driver `pg`. In this driver alone, `sslmode=require` would otherwise also verify the certificate.
 */
export function pgAddress(url: string): string {
  const address = new URL(url)
  if (address.searchParams.has('sslmode')) address.searchParams.set('uselibpqcompat', 'true')
  return address.href
}
