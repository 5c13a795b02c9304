/** Reads the output of `zypper --xmlout`. It may be cut off or contain other output, so it is read tag by tag. */

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decoded(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name] ?? '')
}

/** The attributes `name="value"` of one tag. */
export function attributesOf(tag: string): ReadonlyMap<string, string> {
  return new Map([...tag.matchAll(/ ([a-z-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decoded(value)]))
}

export interface Solvable {
  /** What would be done with the package: `install`, `upgrade`, `downgrade`, `remove`, `upgrade-change-arch`. */
  readonly action: string
  readonly name: string
  readonly architecture: string
  readonly edition: string
  /** The version installed now; `null` when the package is new. */
  readonly installed: string | null
}

/** The packages of an install summary. Patches and products are left out, because they only group packages. */
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

/** Returns the text without tags, each message on its own lines, as zypper prints it for people. */
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
