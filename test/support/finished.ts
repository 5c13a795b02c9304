/** Works through the steps of something that takes long, at once. */
export function finished<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The assets of a list, from its content: of the pages that it names, too. */
export function assetsIn(hash: string, textOf: (hash: string) => string | undefined): readonly Listed[] {
  const text = textOf(hash)
  if (text === undefined) throw new Error(`The list ${hash} is missing.`)
  const { assets, parts } = JSON.parse(text) as { assets?: readonly Listed[]; parts?: readonly string[] }
  return [...(assets ?? []), ...(parts ?? []).flatMap((part) => assetsIn(part, textOf))]
}

export interface Listed extends Readonly<Record<string, unknown>> {
  readonly id: string
}
