import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

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
