/** One part of what a script on a host printed, as marked by a line `@@ name value`. */
export interface Section {
  readonly value: string
  readonly lines: readonly string[]
}

export type Sections = ReadonlyMap<string, Section>

const HEADER = /^@@ ([a-z-]+)(?: (.*))?$/

/**
 * Splits the output of a host's script into its sections. `null` when it does not begin with `first` or the mark `@@
 * end` is missing: then it was cut off or is not ours, and half an answer does not count.
 */
export function splitSections(output: string, first: string): Sections | null {
  const sections = new Map<string, { value: string; lines: string[] }>()
  let ended = false
  let current: { value: string; lines: string[] } | null = null
  for (const line of output.split('\n')) {
    const [, name, value = ''] = HEADER.exec(line) ?? []
    if (name === undefined) {
      if (line !== '') current?.lines.push(line)
      continue
    }
    if (sections.size === 0 && name !== first) return null
    ended = name === 'end'
    current = { value: value.trim(), lines: [] }
    sections.set(name, current)
  }
  return ended ? sections : null
}

export function linesOf(sections: Sections, name: string): readonly string[] {
  return sections.get(name)?.lines ?? []
}

/** The value after the section's name; `null` where the section is missing or has none. */
export function markedValue(sections: Sections, name: string): string | null {
  const value = sections.get(name)?.value ?? ''
  return value === '' ? null : value
}

/** A command on the host that was reported with its exit status. */
export interface Reported {
  readonly lines: readonly string[]
  readonly ok: boolean
  /** What it wrote to its error output. */
  readonly errors: readonly string[]
}

/** `null` where the command was not run. */
export function reported(sections: Sections, name: string): Reported | null {
  const status = sections.get(`${name}-status`)
  if (status === undefined) return null
  return { lines: linesOf(sections, name), ok: status.value === '0', errors: status.lines }
}
