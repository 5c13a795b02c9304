/** Reads what `zypper --xmlout` prints. It may be cut short or have other output in between, so it is read tag by tag. */

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decoded(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name] ?? '')
}

/** `name="value"` of one tag. */
export function attributesOf(tag: string): ReadonlyMap<string, string> {
  return new Map([...tag.matchAll(/ ([a-z-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decoded(value)]))
}

export interface Solvable {
  /** What would be done with the package: `install`, `upgrade`, `downgrade`, `remove`, `upgrade-change-arch`. */
  readonly action: string
  readonly name: string
  readonly architecture: string
  readonly edition: string
  /** What is installed now; `null` where the package is new. */
  readonly installed: string | null
}

/** The packages of an install summary; patches and products only group them. */
export function solvables(text: string): readonly Solvable[] {
  const found: Solvable[] = []
  let action: string | null = null
  for (const [tag, kind = ''] of text.matchAll(/<(\/?[a-z][a-z-]*)[^>]*>/g)) {
    if (kind.startsWith('to-')) action = kind.slice('to-'.length)
    else if (kind.startsWith('/to-')) action = null
    else if (kind === 'solvable' && action !== null) {
      const given = attributesOf(tag)
      const name = given.get('name')
      const edition = given.get('edition')
      if (given.get('type') !== 'package' || name === undefined || edition === undefined) continue
      found.push({
        action,
        name,
        architecture: given.get('arch') ?? 'noarch',
        edition,
        installed: given.get('edition-old') ?? null,
      })
    }
  }
  return found
}

/** The words alone, each message on lines of its own: as zypper says it to people. */
export function zypperText(text: string): string {
  return decoded(
    text
      .replace(/<message type="error">/g, 'Error: ')
      .replace(/<message type="warning">/g, 'warning: ')
      .replace(/<progress [^>]*>|<download [^>]*>|<option [^>]*>|<[^>]*>/g, ''),
  )
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n')
}
