import type { DocumentReader } from '../document-reader.ts'
import { readMonth } from './month.ts'
import { isCvrfJson, readCvrfJson } from './read-json.ts'
import { isCvrfXml, readCvrfXml } from './read-xml.ts'

export const msrcReaders: readonly DocumentReader[] = [
  {
    form: 'text',
    marks: '<cvrfdoc> of Microsoft',
    matches: isCvrfXml,
    read: (text, where, sink) => readMonth(readCvrfXml(text, where), where, sink),
  },
  {
    form: 'json',
    marks: '"DocumentTracking" and "ProductTree"',
    matches: isCvrfJson,
    read: (value, where, sink) => readMonth(readCvrfJson(value, where), where, sink),
  },
]
