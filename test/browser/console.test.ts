import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, signIn } from '../support/chromium.ts'
import { createService, type RunningService } from '../support/running-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const found = findChromium()
if ('missing' in found) console.info(`skipped the browser tests: ${found.missing}`)

describe.skipIf('missing' in found)('a newcomer in a real browser', () => {
  let service: RunningService
  let browser: Browser
  let page: Page
  const faults: string[] = []

  beforeAll(async () => {
    service = await createService()
    browser = await launchChromium('path' in found ? found.path : '')
    page = await signIn(browser, await service.start(), faults)
    await page.goto(`${service.url}/c/web-platform`)
    // It appears by itself when the first look at the fleet has ended.
    await page.locator('article.card').first().waitFor({ timeout: 60_000 })
  })
  afterAll(async () => {
    await browser?.close()
    await service?.remove()
  })

  async function actAs(person: string): Promise<void> {
    await page.selectOption('#act-as', person)
    await page.getByRole('button', { name: 'Switch' }).click()
    // Whoever one acts as is not offered to act as.
    await expect.poll(() => page.locator(`#act-as option[value=${person}]`).count()).toBe(0)
  }
  const thread = () => page.locator('#entries').innerText()

  it('reads the first card', async () => {
    const card = await page.locator('article.card').first().innerText()
    expect(card).toContain('Immediate')
    expect(card).toContain('Simulated')
    expect(card).toContain('press Approve or Reject')
    expect(card).toContain('(owner)')
  })

  it('votes as two people, watches the rollout, kills the service in the middle and reads the thread to its end', async () => {
    const approve = () => page.locator('article.card').first().getByRole('button', { name: 'Approve' })
    await actAs('jonas')
    expect(await approve().count()).toBe(0)
    await actAs('mara')
    await approve().dblclick()
    await expect.poll(thread, { timeout: 10_000 }).toContain('Mara Keller')
    await actAs('tom')
    await approve().click()
    await expect.poll(thread, { timeout: 20_000 }).toContain('Rollout started')
    await service.end('SIGKILL')
    await page.waitForTimeout(1_000)
    await service.start()
    await expect.poll(thread, { timeout: 90_000, interval: 500 }).toContain('8 of 8 report the promised versions')
    expect((await thread()).match(/Approved\./g)).toHaveLength(2)
    await page.reload()
    expect(await page.locator('article.card').first().innerText()).toContain('Completed')
  })

  it('comments and types commands, and nothing typed becomes markup', async () => {
    await page.getByLabel('Comment or command').fill('<b>bold</b> <!here> @channel')
    await page.getByRole('button', { name: 'Send' }).click()
    await expect.poll(thread, { timeout: 10_000 }).toContain('<b>bold</b> <!here> @channel')
    await page.getByLabel('Comment or command').fill('/patch nonsense')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => page.locator('#answered').innerText()).toContain('There is no command "nonsense"')
  })

  it('opens no dialog on an old page for somebody who may not answer it, and says why', async () => {
    await page.goto(`${service.url}/c/payments`)
    await page.request.post(`${service.url}/act-as`, { form: { person: 'jonas' } })
    const reject = page.locator('a[data-dialog]', { hasText: 'Reject' })
    await reject.click()
    const answer = page.locator('article.card [id^="answer-"]').first()
    await expect.poll(() => answer.innerText()).toContain('takes the role owner or security; you have on-call')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    await expect.poll(() => reject.count()).toBe(0)
    await page.reload()
    await actAs('tom')
  })

  it('rejects by keyboard alone', async () => {
    await page.goto(`${service.url}/c/payments`)
    const reject = page.locator('a[data-dialog]', { hasText: 'Reject' })
    await reject.focus()
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(0)
    expect(await page.locator('a[data-dialog]:focus').innerText()).toContain('Reject')
    await page.keyboard.press('Enter')
    await page.fill('dialog[open] textarea', 'waiting for the fixed build')
    await page.fill('dialog[open] input[type=date]', new Date(Date.now() + 86_400_000 * 7).toISOString().slice(0, 10))
    await page.locator('dialog[open] form button').click()
    await expect.poll(thread, { timeout: 10_000 }).toContain('Rejected: waiting for the fixed build')
  })

  it('fits a phone, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const phone = await browser.newPage({ viewport: { width: 360, height: 780 }, colorScheme })
      await phone.context().addCookies(await page.context().cookies())
      for (const where of ['/c/web-platform', '/c/this-machine', '/assets', '/audit', '/p/PW-1/plan']) {
        await phone.goto(service.url + where)
        const overflow = await phone.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect(overflow, `${where} ${colorScheme}`).toBeLessThanOrEqual(0)
      }
      await phone.close()
    }
    expect(faults).toEqual([])
  })

  it('checks the exported record, and finds a changed byte', async () => {
    const exported = await service.command('audit', 'export')
    expect(exported.code).toBe(0)
    const file = path.join(temporaryFolder('pw-audit'), 'audit.jsonl')
    await writeFile(file, exported.stdout)
    expect((await service.command('audit', 'verify', file)).code).toBe(0)
    const text = await readFile(file, 'utf8')
    const choice = String.raw`\"choice\":\"approve\"`
    expect(text).toContain(choice)
    await writeFile(file, text.replace(choice, choice.replace('approve', 'opprove')))
    const broken = await service.command('audit', 'verify', file)
    expect(broken.code).toBe(1)
    expect(broken.stdout).toMatch(/PW-\d+ event \d+/)
  })
})
