import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]

/** Where a browser is, or why there is none. `CHROMIUM_PATH` names one. */
export function findChromium(): { readonly path: string } | { readonly missing: string } {
  const named = process.env.CHROMIUM_PATH
  if (named)
    return existsSync(named) ? { path: named } : { missing: `CHROMIUM_PATH names ${named}, which is not there` }
  const path = places.find((place) => existsSync(place))
  return path ? { path } : { missing: 'no Chromium is installed (Debian: apt-get install chromium)' }
}

export function launchChromium(path: string): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet] })
}

/** Opens a sign-in link and signs in. What goes wrong in the page is added to `faults`. */
export async function signIn(browser: Browser, link: string, faults: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(link)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#nav').waitFor()
  return page
}
