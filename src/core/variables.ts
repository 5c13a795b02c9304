/**
 * What is read from the environment. Whoever needs a variable says so beside what needs it: a kind of integration in its
 * `kind.ts`, a chat platform in its `platform.ts`. config/environment.ts reads them all.
 */

export interface Variable {
  /** For docs/configuration.md. */
  readonly meaning: string
  /** The value that .env.example shows. */
  readonly example: string
  /** Lines that .env.example has above it. */
  readonly note?: string
  /** Its value is never shown, and may come from a file: `NAME_FILE`. */
  readonly secret?: boolean
  /** Whoever reads it can do nothing without it. */
  readonly required?: boolean
  /** A sentence that says what to write instead; `null`: the value can be right. */
  mistake?(value: string): string | null
}

/** The variables that are set, by name. */
export type Values = Readonly<Record<string, string>>

/** The variables of one kind or platform. */
export interface Variables {
  /** The lines that .env.example has above all of them. */
  readonly about: string
  readonly named: Readonly<Record<string, Variable>>
  /** The configuration may name others that begin so. They are secrets. */
  readonly prefix?: string
  /** What no variable can tell by itself. Asked where each of them can be right. */
  check?(values: Values): VariableProblem | null
}

export interface VariableProblem {
  readonly variable: string
  /** Continues a sentence that begins with the variable. */
  readonly what: string
  readonly mend: string
}

/** A value of this form is right; any other is answered with the sentence. */
export function formed(pattern: RegExp, mend: string): NonNullable<Variable['mistake']> {
  return (value) => (pattern.test(value) ? null : mend)
}

/** Where an interface is asked, for those who reach it over a proxy. */
export function apiAddress(example: string): Variable {
  return {
    meaning: 'another address of its API, for a proxy',
    example,
    mistake: (url) =>
      /^https?:\/\//.test(url) && URL.canParse(url) ? null : 'Write an address that begins with https://.',
  }
}
