/** An address for the driver `pg`: there alone `sslmode=require` would also verify the certificate. */
export function pgAddress(url: string): string {
  const address = new URL(url)
  if (address.searchParams.has('sslmode')) address.searchParams.set('uselibpqcompat', 'true')
  return address.href
}
