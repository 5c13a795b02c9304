/** By what a machine says it is recognised, as far as the login may read it. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { identityIn } from '../../src/integrations/machine/identity.ts'
import { splitSections } from '../../src/integrations/machine/sections.ts'
import { sectionFunctions } from '../../src/integrations/machine/shell.ts'
import { probeScript } from '../../src/integrations/probe/index.ts'

const identityOf = (text: string) => {
  const sections = splitSections(`@@ first\n${text}\n@@ end`, 'first')
  return sections === null ? null : identityIn(sections)
}

describe('the identity in an answer', () => {
  it('has what the machine could read, in one form', () => {
    const answer = `@@ fqdn Web01.Example.net
@@ system-uuid 4C4C4544-0042-3510-8054-B4C04F4D3333
@@ board
@@ cloud
  "cloud_name": "openstack",
  "instance_id": "8e2c7a34-5f0b-4a0e-9d5e-0b6c5a4f1d77",`
    expect(identityOf(answer)).toMatchObject({
      fqdn: 'web01.example.net',
      hardware: expect.stringMatching(/-8054-b4c04f4d3333$/),
      cloud: expect.stringMatching(/^openstack:.*-9d5e-0b6c5a4f1d77$/),
    })
  })

  it('leaves out what it could not read, and what is none', () => {
    expect(identityOf('@@ fqdn web01\n@@ system-uuid \n@@ board Not Specified\n@@ cloud')).toEqual({})
    const local = '@@ system-uuid\n@@ cloud\n  "cloud_name": "nocloud",\n  "instance_id": "iid-local01",'
    expect(identityOf(local)).toEqual({})
  })

  it('takes the instance from the board of EC2 where there is no cloud-init', () => {
    expect(identityOf('@@ system-uuid\n@@ board i-0123456789abcdef0\n@@ cloud')).toEqual({
      cloud: 'aws:i-0123456789abcdef0',
    })
  })

  it('is not known where the look did not ask', () => expect(identityOf('@@ kernel 6.1')).toBeNull())
})

describe('the script', () => {
  const shared = readFileSync(new URL('../../src/integrations/probe/shared.sh', import.meta.url), 'utf8')

  it('asks for it at a whole look only', () => {
    const calls = (script: string) => script.match(/\|\| identity$/gm)?.length
    expect(calls(probeScript({ refresh: false }))).toBe(2)
    expect(shared).toContain('identity() {')
  })

  it('answers on this machine, whatever it may read', () => {
    const script = `${sectionFunctions}\n${shared}\nmark first\nidentity\nmark end\n`
    const answer = execFileSync('sh', ['-s'], { input: script, encoding: 'utf8' })
    const sections = splitSections(answer.trimStart(), 'first')
    expect(sections === null ? null : identityIn(sections)).not.toBeNull()
  })
})
