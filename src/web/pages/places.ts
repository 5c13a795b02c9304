/** Where the navigation leads. */

export const places = [
  { href: '/', name: 'Today', symbol: 'today' },
  { href: '/proposals', name: 'Proposals', symbol: 'props' },
  { href: '/calendar', name: 'Calendar', symbol: 'cal' },
  { href: '/assets', name: 'Servers', symbol: 'asset' },
] as const

export const lookUps = [
  { href: '/explain', name: 'Explain', symbol: 'book' },
  { href: '/sources', name: 'Sources', symbol: 'source' },
  { href: '/people', name: 'People', symbol: 'people' },
  { href: '/audit', name: 'Audit', symbol: 'audit' },
] as const
