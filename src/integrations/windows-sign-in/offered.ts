/** The names of the ways to sign in that a refusal offers, such as `Negotiate` and `NTLM`. */
export function waysOffered(header: string | null): readonly string[] {
  return [...(header ?? '').matchAll(/(?:^|,)\s*([a-z]+)(?=\s|,|$)/gi)].flatMap(([, name]) => name ?? [])
}
