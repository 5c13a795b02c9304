/** Stories of faults on real hosts: each plays for a team of its own, and is judged by what people read of it. */

import { setTimeout as sleep } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoAppKind, type Fleet, type FleetKind, fleetReason, upFleet } from './fleet.ts'
import { holdUp, release, shell } from './held-installation.ts'
import { createRolloutScene, type RolloutScene } from './rollout-scene.ts'
import { until } from './until.ts'

export interface Story {
  readonly name: string
  /** Letters: its team, and what it is called here. */
  readonly team: string
  /** 2: a canary and one more; left out: one host alone. */
  readonly hosts?: 2
  /** What the upgrade of demo-app is there; left out: one that works. */
  readonly upgrade?: DemoAppKind
  /** Before people vote. */
  readonly before?: (stage: Stage) => Promise<unknown>
  /** While the first host sets demo-app up, which waits until it is released. */
  readonly midway?: (stage: Stage) => Promise<unknown>
  /** When it has come to a halt or to its end: what people do then. */
  readonly afterwards?: (stage: Stage) => Promise<unknown>
  /** How it stands at the end. */
  readonly status: 'halted' | 'completed'
  /** What the report with its thread says. */
  readonly says: readonly RegExp[]
  readonly never?: readonly RegExp[]
  /** What the first two lines of the card say. */
  readonly card: readonly RegExp[]
}

export interface Stage {
  readonly fleet: Fleet
  readonly host: string
  readonly hosts: readonly string[]
  /** The proposal of the story. */
  readonly id: string
  /** Runs a command of the shell on the first host, as root. */
  run(command: string): Promise<string>
  /** Lets the installation that waits on the first host end, and waits until nothing of it runs there. */
  letItEnd(): Promise<void>
  /** Mara does it with the proposal. */
  mara(command: string, ...more: readonly string[]): Promise<string>
  /** Waits until it comes to a halt or to its end. */
  ends(): Promise<void>
  /** Mara does it, and it comes to a halt or to its end once more. */
  andEnds(command: string, ...more: readonly string[]): Promise<void>
  /** Mara rolls it back; which proposal does it, at its end. */
  rollsBack(): Promise<string>
}

interface Told {
  readonly status: string
  /** The report with its thread. */
  readonly page: string
  /** The first two lines of the card. */
  readonly card: string
}

interface Stories {
  readonly told: ReadonlyMap<string, Told>
  readonly scene: RolloutScene
  remove(): Promise<void>
}

const ALONE = '[{ name: all, select: rest, batch: 1 }]'
const AFTER_CANARY = '[{ name: canary, select: { tag: canary }, batch: 1 }, { name: rest, select: rest, batch: 10 }]'

/** Plays all of them at once on hosts of one kind, and judges what is told of each. */
export async function testStories(all: readonly Story[], name: string, kind: FleetKind): Promise<void> {
  const reason = await fleetReason()
  if (reason !== null) console.warn(`skipped stories of faults on hosts of the kind ${kind}: ${reason}`)

  describe.skipIf(reason !== null)(`stories of faults on hosts of the kind ${kind}`, () => {
    let stories: Stories

    beforeAll(async () => {
      stories = await playStories(all, name, kind)
    }, 1_500_000)
    afterAll(() => stories?.remove())

    it.each(all)('$name', ({ team, status, says, never = [], card }) => {
      const told = stories.told.get(team)
      // The whole of what people read, for who judges more of it than the patterns do.
      if (process.env.PATCHWARDEN_SHOW_STORIES === '1') console.log(`${team}: ${told?.card}\n${told?.page}`)
      expect(told?.status).toBe(status)
      for (const one of says) expect(told?.page).toMatch(one)
      for (const one of never) expect(told?.page).not.toMatch(one)
      for (const one of card) expect(told?.card).toMatch(one)
    })

    it('the record of all of it is whole', async () => {
      expect(await stories.scene.service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
    })
  })
}

/** Plays all of them at once, on hosts of one kind. */
async function playStories(stories: readonly Story[], name: string, kind: FleetKind): Promise<Stories> {
  const fleet = await upFleet(
    stories.reduce((sum, { hosts = 1 }) => sum + hosts, 0),
    { name, kind },
  )
  const names = fleet.hosts.map(({ name }) => name)
  const cast = stories.map((story) => ({ story, hosts: names.splice(0, story.hosts ?? 1) }))
  await publish(fleet, kind, cast)
  const scene = await createRolloutScene(
    fleet,
    cast.map(({ story, hosts }) => ({
      name: story.team,
      hosts,
      rings: story.hosts === undefined ? ALONE : AFTER_CANARY,
    })),
  )
  const remove = async () => {
    await scene.remove()
    await fleet.down()
  }
  try {
    return { scene, remove, told: await tell(fleet, scene, cast) }
  } catch (error) {
    await remove()
    throw error
  }
}

async function tell(fleet: Fleet, scene: RolloutScene, cast: readonly Cast[]): Promise<ReadonlyMap<string, Told>> {
  const link = await scene.service.start()
  await until('every team has a proposal', 480, async () => (await scene.proposals()).length === cast.length)
  const ids = new Map((await scene.proposals()).map(({ team, id }) => [team, id]))
  const world = { fleet, scene, settled: watch(scene), inTurn: pLimit(1) }
  const stages = cast.map(({ story, hosts }) => ({
    story,
    stage: stageOf(world, hosts, ids.get(story.team)),
  }))

  await Promise.all(stages.map(({ story, stage }) => prepare(fleet, story, stage)))
  await Promise.all(stages.map(({ story, stage }) => play(story, stage)))
  const { read } = await signedIn(scene, link)
  const statuses = new Map((await scene.proposals()).map(({ id, status }) => [id, status]))
  const told = new Map<string, Told>()
  for (const { story, stage } of stages) {
    const status = statuses.get(stage.id) ?? 'gone'
    told.set(story.team, { status, page: await scene.page(stage.id), card: await read(stage.id) })
  }
  return told
}

interface Cast {
  readonly story: Story
  readonly hosts: readonly string[]
}

/** Where the upgrade is of another kind than elsewhere, the host has a copy of the repository as it was with that one. */
async function publish(fleet: Fleet, kind: FleetKind, cast: readonly Cast[]): Promise<void> {
  for (const upgrade of new Set(cast.flatMap(({ story }) => story.upgrade ?? []))) {
    await fleet.publish('2.0', upgrade)
    const own = 'cp -a /srv/fleet /srv/own; sed -i s,/srv/fleet,/srv/own, /etc/apt/sources.list'
    for (const { story, hosts } of cast)
      if (story.upgrade === upgrade)
        for (const host of hosts) await shell(fleet, host, `${own} /etc/yum.repos.d/*.repo /etc/zypp/repos.d/*.repo`)
  }
  await fleet.publish('2.0', 'slow')
  const only = kind === 'debian' ? 'sed -i /debian/d /etc/apt/sources.list' : 'true'
  await Promise.all(
    fleet.hosts.map(({ name }) => shell(fleet, name, `${only}; mkdir -p /etc/fleet; echo 0 >/etc/fleet/slow`)),
  )
}

async function prepare(fleet: Fleet, { before, midway }: Story, stage: Stage): Promise<void> {
  await before?.(stage)
  if (midway !== undefined) await holdUp(fleet, stage.host)
}

async function play({ team, midway, afterwards }: Story, stage: Stage): Promise<void> {
  await stage.mara('vote', 'approve')
  if (midway !== undefined) {
    await until(`the installation of ${team} waits`, 300, async () => {
      return (await stage.run("pgrep -f '[c]at /etc/fleet/slow' || true")) !== ''
    })
    await midway(stage)
  }
  await stage.ends()
  await afterwards?.(stage)
}

type Settled = (proposal: string) => Promise<void>

/** Waits for the end or a halt of proposals. All that wait at once ask together. */
function watch(scene: RolloutScene): Settled {
  let asked: Promise<ReadonlyMap<string, string>> | null = null
  async function ask(): Promise<ReadonlyMap<string, string>> {
    await sleep(2_000)
    asked = null
    return new Map((await scene.proposals()).map(({ id, status }) => [id, status]))
  }
  return (proposal) =>
    until(`${proposal} has ended or stopped`, 900, async () => {
      asked ??= ask()
      const status = (await asked).get(proposal)
      return status === 'halted' || status === 'completed'
    })
}

interface World {
  readonly fleet: Fleet
  readonly scene: RolloutScene
  readonly settled: Settled
  /** Commands of people, one after the other, because each needs a core for a second. */
  readonly inTurn: LimitFunction
}

function stageOf({ fleet, scene, settled, inTurn }: World, hosts: readonly string[], id = 'none'): Stage {
  const host = hosts[0] ?? ''
  const mara = (command: string, ...more: readonly string[]) => inTurn(() => scene.as('mara', command, id, ...more))
  return {
    fleet,
    host,
    hosts,
    id,
    mara,
    run: (command) => shell(fleet, host, command),
    async letItEnd() {
      await release(fleet, host)
      await shell(fleet, host, 'while pgrep -f [p]atchwarden/runs >/dev/null; do sleep 0.2; done')
    },
    ends: () => settled(id),
    async andEnds(command, ...more) {
      await mara(command, ...more)
      await settled(id)
    },
    async rollsBack() {
      const said = await mara('rollback', '--because', 'It is slow since.')
      const back = /PW-\d+/.exec(said)?.[0] ?? ''
      await settled(back)
      return back
    },
  }
}

/** Reads the first two lines of cards in the console. */
async function signedIn({ service }: RolloutScene, link: string): Promise<{ read: (id: string) => Promise<string> }> {
  const token = new URL(link).searchParams.get('token') ?? ''
  const answer = await fetch(`${service.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token }),
  })
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const text = (html = '') =>
    html
      .replace(/<[^>]*>/g, '')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
      .trim()
  return {
    async read(id) {
      const page = await (await fetch(`${service.url}/p/${id}`, { headers: { cookie } })).text()
      const [, top] = /<p class="state[^"]*"><strong>(.*?)<\/strong>/s.exec(page) ?? []
      const [, title] = /<h1[^>]*>(.*?)<\/h1>/s.exec(page) ?? []
      const [, lead] = /<p class="why">(.*?)<\/p>/s.exec(page) ?? []
      return `${text(top)}\n${text(title)}: ${text(lead)}`
    },
  }
}
