/** Who somebody on a chat platform is. Only an id that the configuration names counts: no e-mail, no display name. */
export interface Accounts {
  readonly all: readonly { readonly id: string; readonly name: string }[]
  personOf(platform: 'slack' | 'discord', user: string): { readonly id: string; readonly name: string } | null
}
