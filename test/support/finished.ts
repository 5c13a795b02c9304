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

/** The judgements of an entry `judged`, each with the content of its grounds. */
export function judgementsIn(
  facts: Readonly<Record<string, unknown>>,
  textOf: (hash: string) => string | undefined,
): readonly Judgement[] {
  const read = (hash: string): unknown => {
    const text = textOf(hash)
    if (text === undefined) throw new Error(`The content ${hash} is missing.`)
    return JSON.parse(text)
  }
  const { judged, grounds } = read(String(facts.judgements)) as {
    readonly judged: readonly (Judgement & { readonly judgements: readonly Judgement[] })[]
    readonly grounds: readonly string[]
  }
  const all = judged.flatMap(({ judgements, ...flaw }) =>
    judgements.map((one) => ({ ...flaw, ...one, grounds: read(grounds[Number(one.grounds)] ?? '') })),
  )
  if (all.length !== facts.count || judged.length !== facts.flaws) throw new Error('The page has another length.')
  return all
}

interface Judgement extends Readonly<Record<string, unknown>> {
  readonly flaw: string
}
