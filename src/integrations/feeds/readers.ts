/** Every format that is read file by file; by these the files of a feed folder are recognised. */

import { isSecdb, readSecdb } from './alpine-secdb/read.ts'
import { isCsaf, readCsaf } from './csaf/read.ts'
import { isCveRecord, readCveRecord } from './cve-records/read.ts'
import type { DocumentReader } from './document-reader.ts'
import { isEndOfLife, readEndOfLife } from './endoflife/read.ts'
import { readMonth } from './msrc/month.ts'
import { isCvrfJson, readCvrfJson } from './msrc/read-json.ts'
import { isCvrfXml, readCvrfXml } from './msrc/read-xml.ts'
import { isNvd, readNvd } from './nvd/read.ts'
import { isOsv, readOsv } from './osv/read.ts'
import { isUbuntuOval, readUbuntuOval } from './ubuntu-oval/read.ts'
import { isWesng, readWesng } from './wesng/read.ts'

export const osvReader: DocumentReader = { kind: 'osv', form: 'json', matches: isOsv, read: readOsv }
export const csafReader: DocumentReader = { kind: 'csaf', form: 'json', matches: isCsaf, read: readCsaf }
export const secdbReader: DocumentReader = { kind: 'alpine-secdb', form: 'json', matches: isSecdb, read: readSecdb }
export const cveReader: DocumentReader = {
  kind: 'cve-records',
  form: 'json',
  matches: isCveRecord,
  read: readCveRecord,
}
export const nvdReader: DocumentReader = { kind: 'nvd', form: 'json', matches: isNvd, read: readNvd }
export const endOfLifeReader: DocumentReader = {
  kind: 'endoflife',
  form: 'json',
  matches: isEndOfLife,
  read: readEndOfLife,
}
export const ovalReader: DocumentReader = {
  kind: 'ubuntu-oval',
  form: 'text',
  matches: isUbuntuOval,
  read: readUbuntuOval,
}
export const msrcReaders: readonly DocumentReader[] = [
  {
    kind: 'msrc',
    form: 'text',
    matches: isCvrfXml,
    read: (text, where, sink) => readMonth(readCvrfXml(text, where), where, sink),
  },
  {
    kind: 'msrc',
    form: 'json',
    matches: isCvrfJson,
    read: (value, where, sink) => readMonth(readCvrfJson(value, where), where, sink),
  },
]
export const wesngReader: DocumentReader = { kind: 'wesng', form: 'text', matches: isWesng, read: readWesng }

export const documentReaders: readonly DocumentReader[] = [
  ovalReader,
  wesngReader,
  ...msrcReaders,
  cveReader,
  csafReader,
  nvdReader,
  secdbReader,
  endOfLifeReader,
  osvReader,
]
