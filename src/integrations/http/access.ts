/** How we log in to a server. Contains secrets. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }

/** The header with the secret; empty for an open server. */
export function authorization(access: Access): Readonly<Record<string, string>> {
  switch (access.kind) {
    case 'open':
      return {}
    case 'bearer':
      return { authorization: `Bearer ${access.token}` }
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${access.user}:${access.password}`).toString('base64')}` }
  }
}
