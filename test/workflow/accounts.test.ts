import { expect, test } from 'vitest'
import type { Account } from '../../src/chat/accounts.ts'
import { addLinkedAccount, noteConfigured } from '../../src/store/people.ts'
import { configuredAccountsOf, createAccounts, createLinking } from '../../src/workflow/accounts.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const NOW = '2026-11-28T12:00:00.000Z'
const people = ['mara', 'tom'].map((id) => ({ id, name: id, email: null, slack: null, discord: null }))

/** An account of Slack. */
function member(workspace: string, id: string, only: boolean): Account {
  return { platform: 'slack', id, realm: { id: workspace, only }, label: id, verifiedEmail: null }
}

async function link(account: Account, person: string): Promise<void> {
  const log = { info: () => {} }
  const linking = createLinking({ db: database().db, clock: () => new Date(NOW), people, platforms: [], log })
  const asked = JSON.stringify((await linking.askCode(account)).message)
  const [code = ''] = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(asked) ?? []
  for (const confirmed of [false, true])
    await linking.useCode(code, confirmed, { kind: 'person', id: person, name: person, via: 'discord' })
}

test('a linked account of Slack is kept with its workspace, and counts in no other', async () => {
  const accounts = createAccounts(database().db, people, [])
  await link(member('T1', 'U1', false), 'mara')
  expect(await accounts.accountOf('slack', 'mara')).toBe('T1/U1')
  expect(await accounts.personOf(member('T1', 'U1', false))).toMatchObject({ id: 'mara' })
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ id: 'mara' })
  expect(await accounts.personOf(member('T2', 'U1', false))).toBeNull()
  await link(member('T2', 'U1', false), 'tom')
  expect(await accounts.personOf(member('T1', 'U1', false))).toMatchObject({ id: 'mara' })
  expect(await accounts.personOf(member('T2', 'U1', false))).toMatchObject({ id: 'tom' })
})

test('one that was kept without its workspace counts where there is one workspace, and is nobody else’s until it is revoked', async () => {
  const { db } = database()
  const accounts = createAccounts(db, people, [])
  const old = {
    platform: 'slack',
    account: 'U1',
    person: 'mara',
    label: null,
    linkedAt: NOW,
    confirmedIn: null,
  } as const
  await addLinkedAccount(db, old)
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ id: 'mara' })
  expect(await accounts.personOf(member('T1', 'U1', false))).toBeNull()
  await link(member('T1', 'U1', true), 'tom')
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ id: 'mara' })
  expect(await accounts.accountOf('slack', 'tom')).toBeNull()
})

test('an id of the configuration counts in its workspace; alone it counts where there is one workspace', async () => {
  const [mara, tom] = people
  if (!mara || !tom) throw new Error('No people.')
  const accounts = createAccounts(
    database().db,
    [
      { ...mara, slack: 'U1' },
      { ...tom, slack: 'T1/U2' },
    ],
    [],
  )
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ id: 'mara' })
  expect(await accounts.personOf(member('T1', 'U1', false))).toBeNull()
  expect(await accounts.personOf(member('T1', 'U2', false))).toMatchObject({ id: 'tom' })
  expect(await accounts.personOf(member('T2', 'U2', true))).toBeNull()
})

test('an account or address that the configuration names is known since it was first seen there', async () => {
  const { db } = database()
  const [mara, tom] = people
  if (!mara || !tom) throw new Error('No people.')
  const named = [
    { ...mara, slack: 'U1' },
    { ...tom, email: 'Tom@example.net' },
  ]
  const later = '2026-11-29T12:00:00.000Z'
  await noteConfigured(db, configuredAccountsOf(named), NOW)
  await noteConfigured(db, configuredAccountsOf([...named, { ...tom, discord: '1234' }]), later)
  const accounts = createAccounts(
    db,
    [
      { ...mara, slack: 'U1' },
      { ...tom, email: 'Tom@example.net', discord: '1234' },
    ],
    ['slack'],
  )
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ id: 'mara', linkedAt: NOW })
  const byAddress = { ...member('T1', 'U9', true), verifiedEmail: 'tom@example.net' }
  expect(await accounts.personOf(byAddress)).toMatchObject({ id: 'tom', linkedAt: NOW })
  const discord: Account = { platform: 'discord', id: '1234', realm: null, label: 'x', verifiedEmail: null }
  expect(await accounts.personOf(discord)).toMatchObject({ id: 'tom', linkedAt: later })
  // Named for somebody else meanwhile, it is new again.
  await noteConfigured(db, configuredAccountsOf([mara, tom]), later)
  await noteConfigured(db, configuredAccountsOf(named), later)
  expect(await accounts.personOf(member('T1', 'U1', true))).toMatchObject({ linkedAt: later })
})

test('ids of Discord are the same everywhere', async () => {
  const accounts = createAccounts(database().db, people, [])
  const account: Account = { platform: 'discord', id: '1234', realm: null, label: 'x', verifiedEmail: null }
  await link(account, 'mara')
  expect(await accounts.accountOf('discord', 'mara')).toBe('1234')
  expect(await accounts.personOf(account)).toMatchObject({ id: 'mara' })
})
