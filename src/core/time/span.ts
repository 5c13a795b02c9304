/** Spans of time in milliseconds. Lists of spans are in order, and no span touches the next. */

/** `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The spans in order. Spans that touch or overlap are joined. */
export function merged(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start)) append(found, span)
  return found
}

/** Adds a span that does not begin before the last one. */
export function append(spans: Span[], span: Span): void {
  const last = spans.at(-1)
  if (last && span.start <= last.end) {
    spans[spans.length - 1] = { start: last.start, end: Math.max(span.end, last.end) }
  } else spans.push(span)
}

/** The index of the first span that ends after an instant; the length of the list if none does. */
export function firstEndingAfter(spans: readonly Span[], at: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle]?.end ?? 0) > at) high = middle
    else low = middle + 1
  }
  return low
}

/** The parts of a span that are outside all cuts. */
export function* cut(span: Span, cuts: readonly Span[]): Generator<Span> {
  let { start } = span
  for (let index = firstEndingAfter(cuts, start); index < cuts.length; index++) {
    const next = cuts[index]
    if (next === undefined || next.start >= span.end) break
    if (next.start > start) yield { start, end: next.start }
    start = next.end
  }
  if (start < span.end) yield { start, end: span.end }
}
