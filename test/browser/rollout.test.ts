import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, signIn } from '../support/chromium.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const found = findChromium()
if ('missing' in found) console.info(`skipped the browser tests: ${found.missing}`)

/** The invented machines of one team, on one of which the installation fails; the second ring waits until somebody says go. */
async function ownConfiguration(folder: string): Promise<void> {
  const shipped = JSON.parse(await readFile('examples/fleet.json', 'utf8'))
  const kept = ['pay-01', 'pay-02', 'pay-03', 'pay-04']
  shipped.assets = shipped.assets.filter(({ name }: { readonly name: string }) => kept.includes(name))
  await writeFile(path.join(folder, 'fleet.json'), JSON.stringify(shipped))
  await writeFile(path.join(folder, 'catalog.json'), await readFile('examples/catalog.json', 'utf8'))
  // Open now and for two hours, wherever the test runs: its end is near enough to be extended.
  const from = new Date(Date.now() - 3_600_000)
  const start = `${from.toISOString().slice(11, 14)}00`
  await writeFile(
    path.join(folder, 'patchwarden.yaml'),
    `
timeZone: UTC
people: { priya: { name: Priya Nair } }
roles: { operator: [priya] }
teams:
  payments: { name: Payments, channel: payments, roles: { owner: [priya] }, policy: one, window: now, rollout: careful }
channels: { payments: {} }
policies: { one: { kind: quorum, approvals: { owner: 1 }, selfApproval: allowed, stop: [owner], resume: { owner: 1 } } }
windows: { now: { rules: [{ days: every day, start: "${start}", duration: 3 hours }] } }
rollouts:
  careful:
    rings:
      - { name: canary, select: { tag: canary }, batch: 1 }
      - { name: broad, select: rest, batch: 1, gate: { go: [owner] } }
sources: { example: { kind: file, path: fleet.json, format: json, engine: simulated } }
proposals: { groupBy: team }
feeds: { example: { kind: file-catalog, path: catalog.json } }
engines: { simulated: { kind: simulated, state: fleet.json, pace: 1 s } }
`,
  )
}

describe.skipIf('missing' in found)('a rollout that stops, in a real browser', () => {
  let folder: string
  let service: RunningService
  let browser: Browser
  let page: Page
  const faults: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'patchwarden rollout '))
    await ownConfiguration(folder)
    service = await createService({ PATCHWARDEN_CONFIG: path.join(folder, 'patchwarden.yaml') })
    browser = await launchChromium('path' in found ? found.path : '')
    page = await signIn(browser, await service.start(), faults)
    await page.goto(`${service.url}/c/payments`)
    await card().waitFor({ timeout: 60_000 })
  })
  afterAll(async () => {
    await browser?.close()
    await service?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const card = () => page.locator('article.card').first()
  const thread = () => page.locator('#entries').innerText()
  const shows = (text: string) => expect.poll(() => card().innerText(), { timeout: 30_000 }).toContain(text)
  const press = (name: string) => card().getByRole('button', { name, exact: true }).click()

  async function ask(label: string, fields: Readonly<Record<string, string>>): Promise<void> {
    const button = card().locator('a[data-dialog]', { hasText: label })
    if (!(await button.isVisible())) await card().getByRole('button', { name: 'More actions' }).click()
    await button.click()
    for (const [name, value] of Object.entries(fields)) await page.fill(`dialog[open] [name=${name}]`, value)
    await page.locator('dialog[open] form button').click()
  }

  it('says on the card what failed, why, and who can do what', async () => {
    await press('Approve')
    await shows('Halted')
    const text = await card().innerText()
    expect(text).toContain('pay-02 failed: dpkg could not set up tzdata')
    expect(text).toContain('Priya Nair (owner): press Retry pay-02 or Resume without it.')
    expect(await card().locator('.btns:visible > *').count()).toBeLessThanOrEqual(8)
  })

  it('shows pictures, and the newest entry of the thread', async () => {
    await expect
      .poll(() =>
        page.locator('#entries img').evaluateAll((all) => all.map((one) => 'naturalWidth' in one && one.naturalWidth)),
      )
      .not.toContain(0)
    expect(await page.locator('#entries img').count()).toBeGreaterThan(1)
    await expect.poll(() => page.locator('#entries li').last().isVisible()).toBe(true)
    const end = await page
      .locator('#entries')
      .evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight)
    expect(end).toBeLessThan(40)
  })

  it('leaves out, tries again, goes on, extends and says go; the bars move', async () => {
    await ask('Skip a server', { asset: 'pay-03', reason: 'its owner asked' })
    await expect.poll(thread).toContain('Left pay-03 out: its owner asked')
    await mend(folder)
    await ask('Retry pay-02', {})
    await expect.poll(thread).toContain('Tries again: pay-02')
    await shows('press Go')
    await page.reload()
    await ask('Extend the window', { reason: 'nearly done' })
    await expect.poll(thread).toContain('nearly done')
    const bar = card().locator('.rings > li').nth(1).locator('.ring-bar')
    expect(await bar.getAttribute('aria-valuenow')).toBe('0')
    const questions: string[] = []
    page.on('dialog', (dialog) => {
      questions.push(dialog.message())
      return dialog.accept()
    })
    await card().getByRole('button', { name: 'Go', exact: true }).dblclick()
    expect(questions[0]).toMatch(/^Ring broad of PW-\d+ begins now\.$/)
    await expect.poll(thread).toContain('Go: ring broad may begin')
    await expect.poll(() => bar.getAttribute('aria-valuenow'), { timeout: 20_000 }).not.toBe('0')
    await expect.poll(thread, { timeout: 30_000, interval: 500 }).toContain('3 of 4 report the promised versions')
    expect((await thread()).match(/Go: ring/g)).toHaveLength(1)
    expect(faults).toEqual([])
  })
})

/** The machine that failed is mended meanwhile. */
async function mend(folder: string): Promise<void> {
  const file = path.join(folder, 'fleet.json')
  const fleet = JSON.parse(await readFile(file, 'utf8'))
  for (const asset of fleet.assets) delete asset.fault
  await writeFile(file, JSON.stringify(fleet))
}
