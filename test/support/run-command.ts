import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { main } from '../../src/cli/cli.ts'

/** Runs a command in this process. `input`: what it reads from standard input. */
export async function patchwarden(argv: string[], input = '') {
  let out = ''
  let err = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text)
    return true
  })
  const stdin = vi
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from(input)]) as typeof process.stdin)
  try {
    return { code: await main(argv), out, err }
  } finally {
    for (const spy of [stdout, stderr, stdin]) spy.mockRestore()
  }
}
