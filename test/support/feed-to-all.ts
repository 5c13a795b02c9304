import { expect } from 'vitest'
import { parseTracker } from '../../src/integrations/feeds/debian-tracker/index.ts'
import { readDocument } from '../../src/integrations/feeds/document-reader.ts'
import type { FeedDocument } from '../../src/integrations/feeds/documents.ts'
import type { FeedInput } from '../../src/integrations/feeds/feed.ts'
import { feedKinds } from '../../src/integrations/feeds/registry.ts'
import { createSink } from '../../src/integrations/feeds/sink.ts'

const about = { platforms: ['debian:12'], today: '2026-11-20' }

/** Parsers of whole feeds; each answers with content or with a sentence. */
const whole = [
  ...feedKinds.flatMap(({ documents }) =>
    'matches' in documents ? [(input: FeedInput<never>) => documents.parse(input, about)] : [],
  ),
  // As a feed reads it that is of no single platform.
  (input: FeedInput<never>) => parseTracker(input, null),
]

export const documentReaders = feedKinds.flatMap(({ documents }) => ('matches' in documents ? [] : documents))

/** Larger files are read by the format that knows them alone: the wrong ones would only take their time. */
const LARGE = 300_000

/** Gives one file to every parser, right and wrong: each answers with content or with a sentence. */
export async function feedToAll(document: FeedDocument): Promise<void> {
  const { name, bytes } = document
  expect(() => readDocument(documentReaders, document, createSink())).not.toThrow()
  if (bytes.length > LARGE) return
  const text = bytes.toString('utf8')
  const value = await attempt(() => JSON.parse(text))
  for (const reader of documentReaders) {
    // Even where it is not asked: the format is recognised by a glance, and the rest may be anything.
    const sink = createSink()
    const answer = await attempt(() =>
      reader.form === 'text'
        ? reader.read(text, name, sink)
        : value instanceof Error
          ? null
          : reader.read(value, name, sink),
    )
    if (answer instanceof Error) expect(answer.constructor).toBe(Error)
  }
  for (const parse of whole) {
    const input = { bytes, what: name, previous: null, fromMirror: false, allowShrinking: true }
    const answer = await attempt(() => parse(input))
    if (answer instanceof Error) expect(answer.constructor).toBe(Error)
    else expect(answer).toHaveProperty('content')
  }
}

async function attempt(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}
