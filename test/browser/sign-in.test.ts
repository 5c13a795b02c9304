import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, signIn } from '../support/chromium.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const found = findChromium()
if ('missing' in found) console.info(`skipped the browser tests: ${found.missing}`)

describe.skipIf('missing' in found)('signing in and out in a real browser', () => {
  let service: RunningService
  let browser: Browser
  let startLink: string
  const faults: string[] = []

  beforeAll(async () => {
    service = await createService()
    browser = await launchChromium('path' in found ? found.path : '')
    startLink = await service.start()
  })
  afterAll(async () => {
    await browser?.close()
    await service?.remove()
  })

  async function newLink(person: string): Promise<string> {
    return (await service.command('sign-in', person)).stdout.trim()
  }
  /** In a browser of its own: another device. */
  const signedIn = async (link: string) => signIn(browser, link, faults)
  const said = (page: Page) => page.locator('main').innerText()

  it('works without scripts, on a phone and by keyboard, after previews of the link were fetched', async () => {
    for (const method of ['HEAD', 'GET', 'GET']) {
      const preview = await fetch(startLink, { method })
      expect(preview.status).toBe(200)
      expect(preview.headers.get('set-cookie')).toBeNull()
    }
    const phone = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 640 } })
    const page = await phone.newPage()
    const told: (string | undefined)[] = []
    page.on('request', (request) => told.push(request.headers().referer))
    await page.goto(startLink)
    expect(await said(page)).toContain('Sign in as Mara Keller?')
    expect(await said(page)).toContain(service.url)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('#nav').waitFor()
    await page.getByRole('button', { name: 'More' }).click()
    expect(await page.locator('#nav').innerText()).toContain('Mara Keller')
    expect(told.filter((referrer) => referrer?.includes('token'))).toEqual([])
    await page.goto(startLink)
    expect(await said(page)).toContain('This sign-in link is spent or too old')
    await phone.close()
  })

  it('signing out everywhere takes every open page away, and going back brings none back', async () => {
    const [laptop, desk, other] = [
      await signedIn(await newLink('mara')),
      await signedIn(await newLink('mara')),
      await signedIn(await newLink('tom')),
    ]
    await desk.goto(`${service.url}/people`)
    await desk.getByRole('button', { name: 'Sign out everywhere' }).click()
    for (const page of [desk, laptop]) {
      await expect.poll(() => said(page), { timeout: 10_000 }).toContain('You are not signed in')
    }
    await desk.goBack()
    expect(await said(desk)).toContain('You are not signed in')
    expect(await other.locator('nav').innerText()).toContain('Tom')
    await other.close()
  })

  it('an open page leaves when the command line signs its person out, and when the service was down meanwhile', async () => {
    const page = await signedIn(await newLink('tom'))
    await service.command('sign-out', 'tom')
    await expect.poll(() => said(page), { timeout: 10_000 }).toContain('You are not signed in')
    const later = await signedIn(await newLink('tom'))
    await service.end('SIGTERM')
    await service.command('sign-out', 'tom')
    await service.start()
    await expect.poll(() => said(later), { timeout: 30_000 }).toContain('You are not signed in')
    expect(faults).toEqual([])
  })
})
