import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { commitTo, leafHash, readEntry, sealEntry, spellingProblem } from '../../src/core/record/entry.ts'

const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')

/** Blocks of the page in one language. */
function blocks(language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, text = '']) =>
    of === language ? [text.trimEnd()] : [],
  )
}

const byHand = (command: string, shell: string, environment: Readonly<Record<string, string>>) =>
  execFileSync(shell, ['-c', command], { env: { ...process.env, ...environment }, encoding: 'utf8' }).slice(0, 64)

const [entry = '', line = ''] = blocks('json')
const exported = JSON.parse(line)
const odd = sealEntry(
  {
    stream: 'PW-1',
    seq: 1,
    at: '2026-11-20T00:00:00.000Z',
    by: 'timer',
    event: 'noted',
    facts: { title: `%s \\0 "ü€" 'x'` },
    prev: '0'.repeat(64),
  },
  { words: 'Zeile 1\nZeile 2 %d \\n $HOME `id` 😀' },
  'a'.repeat(32),
)

test('the example of the page is an entry, and its line the one of an export', () => {
  const read = readEntry(entry)
  expect(spellingProblem(entry, read)).toBeNull()
  expect(exported).toMatchObject({ kind: 'entry', entry, hash: leafHash(entry), stream: 'PW-3', seq: 7 })
  expect(commitTo(exported.salt, exported.beside)).toBe(read.commit)
})

test.each(['bash', 'sh'])('its commands give hash and commit in %s', (shell) => {
  const [hash = '', commit = ''] = blocks('sh')
  const examples = [
    { text: entry, hash: exported.hash, salt: exported.salt, beside: exported.beside },
    { text: odd.text, hash: odd.hash, salt: odd.beside?.salt ?? '', beside: odd.beside?.text ?? '' },
  ]
  for (const one of examples) {
    expect(byHand(hash, shell, { ENTRY: one.text })).toBe(one.hash)
    expect(byHand(commit, shell, { SALT: one.salt, BESIDE: one.beside })).toBe(readEntry(one.text).commit)
  }
})
