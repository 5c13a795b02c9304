/** What libraries say of broken input reaches nobody: each has a sentence of ours, with the place. */

import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readHosts } from '../../src/integrations/host-list/read.ts'
import { request } from '../../src/integrations/http/request.ts'
import { parseJson } from '../../src/integrations/json-text.ts'
import { walkXml } from '../../src/integrations/xml-text.ts'

function problemOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('It was read.')
}

describe('JSON', () => {
  it.each([
    ['[web]\nweb01', 'w cannot stand there: names and texts are in "quotation marks" at line 1, column 2'],
    ['{"a": 1,\n}', 'a comma too many before } at line 2, column 1'],
    ['[1, 2,\n 3,\n]', 'a comma too many before ] at line 3, column 1'],
    ['{"a": 1\n "b": 2}', '" cannot stand there at line 2, column 2'],
    ['{"a": \'x\'}', '\' cannot stand there: names and texts are in "quotation marks" at line 1, column 7'],
    ['{"path": "C:\\q"}', '\\q stands for nothing at line 1, column 14'],
    ['{"a": [1, 2', 'it is cut off at line 1, column 12'],
    ['web01', 'w cannot stand there: names and texts are in "quotation marks" at line 1, column 1'],
    ['undefined', 'it begins with "undefined", where { or [ belongs'],
    ['<html></html>', 'it is an HTML page'],
    ['', 'it is empty'],
  ])('%j', (text, problem) => {
    expect(problemOf(() => parseJson(text, 'list.json'))).toBe(`list.json is not valid JSON: ${problem}`)
  })
})

describe('CSV, YAML and XML', () => {
  const hosts = (format: 'csv' | 'yaml') => (text: string) =>
    problemOf(() => readHosts(text, 'list', { format, columns: {}, leaveOut: [], user: null }))

  it.each([
    ['name,owner\nweb01,"Web\n', 'list is cut off inside a quoted value: a quotation mark is opened and not closed'],
    ['name,owner\nweb01,"Web" team\n', /^list is not valid CSV: line 2 has more behind a closing quotation mark/],
    ['name,owner\nweb01,The "Web" team\n', /^list is not valid CSV: line 2 has a quotation mark inside a value/],
  ])('%j', (text, problem) => {
    expect(hosts('csv')(text)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
  })

  it.each([
    ['all:\n  hosts:\n\tweb01:\n', 'list, line 3: it is indented with a tab here. Indent with spaces'],
    ['all: { hosts: { web01: }\n', /^list, line 2: it has a line whose indentation does not fit/],
    ['all: *nobody\n', 'list, it has an alias (*name) to nothing, too many aliases, or too many levels'],
    ['all:\n  hosts:\n  hosts:\n', /^list, line \d: it has a key here that is there already. Write each key once$/],
  ])('%j', (text, problem) => {
    expect(hosts('yaml')(text)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
  })

  it.each([
    [
      '<a><b></a>',
      /^feed is not valid XML: tags, quotation marks or signs such as & are not as they must be at line 1/,
    ],
    ['<a>\n<b', /^feed is not valid XML: it is cut off, or a tag or an & is not closed at line 2/],
    ['<a>x & y</a>', /^feed is not valid XML: it is cut off, or a tag or an & is not closed at line 1/],
  ])('%j', (text, problem) => {
    const ignore = () => undefined
    expect(problemOf(() => walkXml(text, 'feed', ignore, ignore))).toMatch(problem)
  })
})

describe('HTTP', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.2\r\n', 'what answers there does not speak HTTP: check the port'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'the connection was closed'],
  ])('%j', async (answer, problem) => {
    const server = createServer((socket) => socket.end(answer))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`
    try {
      const answered = await request({ url, maxBytes: 100 }, new AbortController().signal)
      expect(answered).toMatchObject({ kind: 'none', problem })
    } finally {
      server.close()
    }
  })
})
