/** Every page, by rules of our own that a program can look at, and what must survive a change while somebody is at work. */

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, signIn } from '../support/chromium.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const found = findChromium()
if ('missing' in found) console.info(`skipped the browser tests: ${found.missing}`)

/** Rules of our own, not those of axe: one h1, names of controls, labels, unique ids, a skip link, no sideways scrolling. */
const rules = `(() => {
  const problems = []
  const seen = (one) => one.checkVisibility()
  const headings = [...document.querySelectorAll('h1')].filter(seen)
  if (headings.length !== 1) problems.push(headings.length + ' h1')
  if (!document.querySelector('main')) problems.push('no main')
  if (!document.title) problems.push('no title')
  const named = (one) => (one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim() || one.title || one.querySelector('img[alt]')?.alt)
  for (const one of [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')].filter(seen))
    if (!named(one)) problems.push('no name: ' + one.outerHTML.slice(0, 80))
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) problems.push('twice: ' + id)
  for (const one of document.querySelectorAll('[aria-labelledby], [aria-controls]'))
    for (const id of (one.getAttribute('aria-labelledby') || one.getAttribute('aria-controls')).split(' '))
      if (!document.getElementById(id)) problems.push('names nothing: ' + id)
  const wide = document.documentElement.scrollWidth - innerWidth
  if (wide > 0) problems.push('scrolls sideways by ' + wide)
  return problems
})()`

describe.skipIf('missing' in found)('the pages in a real browser', () => {
  let service: RunningService
  let browser: Browser
  let page: Page
  const faults: string[] = []

  beforeAll(async () => {
    service = await createService()
    browser = await launchChromium('path' in found ? found.path : '')
    page = await signIn(browser, await service.start(), faults)
    // It appears by itself when the first look at the fleet has ended.
    await page.locator('#today .ask').first().waitFor({ timeout: 60_000 })
  })
  afterAll(async () => {
    await browser?.close()
    await service?.remove()
  })

  const paths = [
    '/',
    '/proposals',
    '/p/PW-1',
    '/p/PW-1?ask=reject',
    '/p/PW-1/plan',
    '/c/web-platform',
    '/assets',
    '/asset?id=example%2Fweb-01',
    '/calendar',
    '/find?text=web',
    '/explain?name=openssl',
    '/people',
    '/sources',
    '/audit',
  ]

  it.each([
    [320, 'light'],
    [390, 'dark'],
    [1280, 'light'],
  ] as const)('keep to the rules at %d px, %s', async (width, colorScheme) => {
    const other = await browser.newPage({ viewport: { width, height: 844 }, colorScheme })
    await other.context().addCookies(await page.context().cookies())
    for (const path of paths) {
      await other.goto(service.url + path)
      expect(await other.evaluate(rules), path).toEqual([])
    }
    await other.close()
  })

  it('state, why and action of a proposal stand on the first screen of a phone', async () => {
    const phone = await browser.newPage({ viewport: { width: 390, height: 844 } })
    await phone.context().addCookies(await page.context().cookies())
    await phone.goto(`${service.url}/p/PW-1`)
    for (const what of ['.state', 'h1', '.why', '.acts .btns button >> nth=0']) {
      const box = await phone.locator(what).first().boundingBox()
      expect(box === null ? 9_999 : box.y + box.height, what).toBeLessThanOrEqual(844)
    }
    await phone.close()
  })

  it('can be voted on without scripts, from a link that was opened before signing in', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false })
    const other = await plain.newPage()
    await other.goto(`${service.url}/p/PW-2`)
    expect(await other.locator('main').innerText()).toContain('You are not signed in')
    await other.goto((await service.command('sign-in', 'tom')).stdout.trim())
    await other.getByRole('button', { name: 'Sign in' }).click()
    expect(other.url()).toBe(`${service.url}/p/PW-2`)
    await other.getByRole('link', { name: 'Reject' }).click()
    expect(await other.locator('dialog[open]').innerText()).toContain('One rejection closes PW-2')
    await other.getByRole('link', { name: 'Cancel' }).click()
    await other.getByRole('button', { name: 'Approve' }).click()
    expect(await other.locator('main').innerText()).toContain('Your approval is recorded.')
    await plain.close()
  })

  it('keeps typed text, focus and an open dialog while somebody else changes the proposal', async () => {
    await page.goto(`${service.url}/p/PW-1`)
    await page.getByLabel('Comment or command').fill('half a sentence')
    await page.locator('a[data-dialog]', { hasText: 'Reject' }).click()
    await page.locator('dialog[open] textarea').fill('because')
    const other = await signIn(browser, (await service.command('sign-in', 'tom')).stdout.trim(), faults)
    await other.goto(`${service.url}/p/PW-1`)
    await other.getByLabel('Comment or command').fill('first line\nsecond line')
    await other.getByRole('button', { name: 'Send' }).click()
    await expect.poll(() => page.locator('#entries').innerText(), { timeout: 20_000 }).toContain('second line')
    expect(await page.locator('dialog[open] textarea').inputValue()).toBe('because')
    expect(await page.locator('dialog[open] textarea:focus').count()).toBe(1)
    await page.keyboard.press('Escape')
    expect(await page.getByLabel('Comment or command').inputValue()).toBe('half a sentence')
    await other.close()
  })

  it('finds by keyboard alone', async () => {
    await page.goto(service.url)
    await page.keyboard.press('Control+K')
    await page.keyboard.type('web-02')
    await expect.poll(() => page.locator('#palette [aria-selected=true]').innerText()).toContain('web-02')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/asset?**')
    expect(await page.locator('h1').innerText()).toBe('web-02')
    expect(faults).toEqual([])
  })
})
