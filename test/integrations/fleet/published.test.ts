/**
 * The simulated Fleet held against the names and types of Fleet's published answers: its documentation of the REST API (list
 * hosts, get host, live query on one host), and the members of software in its source.
 */

import { describe, expect, it } from 'vitest'
import { aHost, fleetScene, rocky } from './scene.ts'

const text = 'string'
const host: Readonly<Record<string, string>> = {
  ...{ id: 'number', created_at: text, updated_at: text, detail_updated_at: text, last_restarted_at: text },
  ...{ software_updated_at: text, label_updated_at: text, policy_updated_at: text, last_enrolled_at: text },
  ...{ seen_time: text, hostname: text, uuid: text, platform: text, osquery_version: text, os_version: text },
  ...{ build: text, platform_like: text, code_name: text, uptime: 'number', memory: 'number', cpu_type: text },
  ...{ cpu_subtype: text, cpu_brand: text, cpu_physical_cores: 'number', cpu_logical_cores: 'number' },
  ...{ hardware_vendor: text, hardware_model: text, hardware_version: text, hardware_serial: text },
  ...{ computer_name: text, display_name: text, public_ip: text, primary_ip: text, primary_mac: text, status: text },
  ...{ team_id: 'number', team_name: text, fleet_id: 'number', fleet_name: text, software: 'object' },
}
const software: Readonly<Record<string, string>> = {
  ...{ id: 'number', name: text, version: text, source: text, browser: text, release: text, vendor: text },
  ...{ arch: text, extension_id: text, generated_cpe: text, vulnerabilities: 'object' },
}
const live: Readonly<Record<string, string>> = {
  ...{ host_id: 'number', query: text, status: text, error: text, rows: 'object' },
}

/** Members that are not published, or of another type. `null` may stand for any type. */
function unpublished(given: object, published: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) =>
    published[name] === typeof value || (value === null && published[name] !== undefined) ? [] : [name],
  )
}

async function answered(path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
  const { server } = fleetScene({ hosts: [aHost(1, { team: 'Web' }), aHost(2, rocky)], faults: { lingering: true } })
  const response = await server.fetch(`https://fleet.corp.example/api/v1/fleet${path}`, {
    headers: { authorization: 'Bearer token-of-the-test' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return (await response.json()) as Readonly<Record<string, unknown>>
}

describe('what the simulated Fleet answers', () => {
  it('has no member of a host or of its software that Fleet does not publish', async () => {
    const { hosts } = (await answered('/hosts?populate_software=true')) as { hosts: { software: object[] }[] }
    expect(hosts).toHaveLength(2)
    for (const one of hosts) {
      expect(unpublished(one, host)).toEqual([])
      for (const item of one.software) expect(unpublished(item, software)).toEqual([])
    }
    expect(unpublished({ hostname: 7, name: 'x' }, host)).toEqual(['hostname', 'name'])
  })

  it('has the members of a live query, with rows of texts alone', async () => {
    const answer = await answered('/hosts/1/query', { query: 'SELECT version FROM osquery_info' })
    expect(unpublished(answer, live)).toEqual([])
    expect(answer).toMatchObject({ rows: [{ version: expect.any(String) }] })
  })

  it('has an envelope for errors', async () => {
    expect(await answered('/hosts/99')).toMatchObject({
      message: expect.any(String),
      errors: [{ name: 'base', reason: expect.any(String) }],
    })
  })
})
