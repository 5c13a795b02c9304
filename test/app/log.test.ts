import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLog } from '../../src/app/log.ts'
import { hostileName, unseen } from '../support/hostile-text.ts'

test('a log line keeps what a host said, and shows a terminal nothing to obey', () => {
  fc.assert(
    fc.property(hostileName, (name) => {
      const lines: string[] = []
      createLog('info', (line) => void lines.push(line)).warn(`web01: ${name}`)
      expect(lines).toHaveLength(1)
      const [line = ''] = lines
      expect(JSON.parse(line).msg).toBe(`web01: ${name}`)
      expect(unseen.test(line) || line.trimEnd().includes('\n')).toBe(false)
    }),
  )
})
