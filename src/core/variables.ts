/**
 * Describes environment variables. The code that needs a variable describes it: a kind of integration in its `kind.ts`,
 * a chat platform in its `platform.ts`. config/environment.ts reads them all.
 */

export interface Variable {
  /** Text for docs/configuration.md. */
  readonly meaning: string
  /** The value that .env.example shows. */
  readonly example: string
  /** Lines above the variable in .env.example. */
  readonly note?: string
  /** The value is never shown, and may be read from a file named by `NAME_FILE`. */
  readonly secret?: boolean
  /** The integration or platform cannot work without the variable. */
  readonly required?: boolean
  /** A sentence that says what to write instead; `null`: the value may be right. */
  mistake?(value: string): string | null
}

/** The variables that are set, by name. */
export type Values = Readonly<Record<string, string>>

/** The variables of one kind or platform. */
export interface Variables {
  /** Lines above all these variables in .env.example. */
  readonly about: string
  readonly named: Readonly<Record<string, Variable>>
  /** The configuration may name more variables with this prefix. They are secrets. */
  readonly prefix?: string
  /** Checks the variables against each other. Called only if each of them may be right by itself. */
  check?(values: Values): VariableProblem | null
}

export interface VariableProblem {
  readonly variable: string
  /** Continues a sentence that begins with the name of the variable. */
  readonly what: string
  readonly mend: string
}

/** A check that accepts values of this form and answers any other with the sentence `mend`. */
export function formed(pattern: RegExp, mend: string): NonNullable<Variable['mistake']> {
  return (value) => (pattern.test(value) ? null : mend)
}

/** A variable for the address of an API that is reached over a proxy. */
export function apiAddress(example: string): Variable {
  return {
    meaning: 'another address of its API, for a proxy',
    example,
    mistake: (url) =>
      /^https?:\/\//.test(url) && URL.canParse(url) ? null : 'Write an address that begins with https://.',
  }
}
