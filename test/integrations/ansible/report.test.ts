import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseReport, readReport } from '../../../src/integrations/ansible/report.ts'

/** Recorded from ansible-core 2.14 with ansible.posix.json: web02 does not answer, web03 fails, web04 is skipped. */
const recorded = readFileSync(new URL('./fixtures/report.json', import.meta.url), 'utf8')

describe('the report of a playbook', () => {
  it('has every host of the recap, and what each task did on it', () => {
    const report = parseReport(recorded)
    expect([...(report?.keys() ?? [])]).toEqual(['web01', 'web02', 'web03', 'web04'])
    expect(report?.get('web01')).toMatchObject({
      tasks: [
        { task: 'drain', outcome: 'ok', message: '{"node":"web01"}' },
        { task: 'patchwarden', outcome: 'ok', changed: true, stdout: 'hi', stderr: '', status: 0 },
      ],
      recap: { failures: 0, unreachable: 0, changed: 1 },
    })
    expect(report?.get('web02')).toMatchObject({
      tasks: [
        { outcome: 'ok' },
        { outcome: 'unreachable', message: expect.stringContaining('timed out'), status: null },
      ],
      recap: { failures: 0, unreachable: 1 },
    })
    expect(report?.get('web03')?.tasks.at(-1)).toMatchObject({ outcome: 'failed', stderr: 'no', status: 3 })
    expect(report?.get('web04')?.tasks.at(-1)).toMatchObject({ outcome: 'skipped' })
  })

  it('may come after other lines', () => {
    expect(parseReport(`Vault password:\n${recorded}`)).toEqual(parseReport(recorded))
  })

  it('is none where nothing was printed, as when no host matches', () => {
    expect(parseReport('')).toBeNull()
  })

  it('says so where it was cut off', () => {
    expect(readReport(recorded.slice(0, -200))).toMatch(/^What ansible-playbook reports is not valid JSON/)
  })

  it('is never a crash, whatever was cut or put into it', () => {
    fc.assert(
      fc.property(fc.nat(recorded.length), fc.nat(50), fc.string(), (at, gone, put) => {
        const read = readReport(recorded.slice(0, at) + put + recorded.slice(at + gone))
        expect(read === null || typeof read === 'string' || read instanceof Map).toBe(true)
      }),
    )
  })
})
