/** One part of the output of a script on a host. It begins with a line `@@ name value`. */
export interface Section {
  readonly value: string
  readonly lines: readonly string[]
}

export type Sections = ReadonlyMap<string, Section>

const HEADER = /^@@ ([a-z-]+)(?: (.*))?$/

/**
 * Splits the output of a script into its sections. Returns `null` when the output does not begin with `first`, or when
 * `@@ end` is missing: then the output is cut off or not from our script, so no part of it is used.
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

/** What only this machine says at this boot; empty: it says too little to be told from another. */
export function machineOf(sections: Sections): { readonly machine?: string } {
  const [boot, ...more] = ['boot-id', 'machine-id', 'host-key'].map((name) => markedValue(sections, name))
  return boot && more.some((value) => value !== null)
    ? { machine: [boot, ...more.map((value) => value ?? '')].join(' ') }
    : {}
}

/** Returns the value after the name of the section; `null` when there is no section or no value. */
export function markedValue(sections: Sections, name: string): string | null {
  const value = sections.get(name)?.value ?? ''
  return value === '' ? null : value
}

/** The result of a command on the host. */
export interface Reported {
  readonly lines: readonly string[]
  readonly ok: boolean
  /** The lines of its error output. */
  readonly errors: readonly string[]
}

/** Returns `null` when the command was not run. */
export function reported(sections: Sections, name: string): Reported | null {
  const status = sections.get(`${name}-status`)
  if (status === undefined) return null
  return { lines: linesOf(sections, name), ok: status.value === '0', errors: status.lines }
}
