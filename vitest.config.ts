import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Start and kill whole servers, wait for those that never answer, try nonsense on everything, or play large rollouts. */
const long = [
  'test/app/feed-in-thread.test.ts',
  'test/app/run.test.ts',
  'test/bin/bootstrap.test.ts',
  'test/chat/discord/discord.test.ts',
  'test/chat/discord/pictures.test.ts',
  'test/chat/discord/refused.test.ts',
  'test/chat/slack/arriving.test.ts',
  'test/chat/slack/pictures.test.ts',
  'test/chat/slack/refused.test.ts',
  'test/chat/slack/slack.test.ts',
  'test/chat/slack/workspaces.test.ts',
  'test/cli/commands.test.ts',
  'test/cli/completion.test.ts',
  'test/cli/coverage.test.ts',
  'test/cli/hostile.test.ts',
  'test/cli/outside-text.test.ts',
  'test/cli/shapes.test.ts',
  'test/config/fuzz.test.ts',
  'test/core/held-week-large.test.ts',
  'test/core/proposal/erased.property.test.ts',
  'test/integrations/aws-ssm/engine.test.ts',
  'test/integrations/configuration-manager/contract.test.ts',
  'test/integrations/feeds/osv-algorithm.test.ts',
  'test/integrations/feeds/robustness.test.ts',
  'test/integrations/ivanti-security-controls/contract.test.ts',
  'test/integrations/ivanti-security-controls/deaths.test.ts',
  'test/integrations/manageengine/contract-ahead.test.ts',
  'test/integrations/manageengine/cost.test.ts',
  'test/integrations/sar/sar.test.ts',
  'test/integrations/silence/alertmanager.test.ts',
  'test/integrations/simulated-system/contract.test.ts',
  'test/integrations/ssh/ssh-inventory.test.ts',
  'test/integrations/ssh/why-ssh-failed.test.ts',
  'test/integrations/wsus/remote.test.ts',
  'test/integrations/wsus/whole-contract.test.ts',
  'test/scenarios/console.test.ts',
  'test/scenarios/discord-gateway.test.ts',
  'test/scenarios/hostile.test.ts',
  'test/scenarios/slack-sockets.test.ts',
  'test/simulation/rollouts.test.ts',
  'test/store/cluster-copy.test.ts',
  'test/store/database.test.ts',
  'test/store/embedded-postgres.test.ts',
  'test/store/read-models.test.ts',
  'test/surfaces/command-line.test.ts',
  'test/surfaces/offers.test.ts',
  'test/web/calendar.test.ts',
  'test/web/console.test.ts',
  'test/web/hostile.test.ts',
  'test/web/overview.test.ts',
  'test/web/pages.test.ts',
  'test/web/sessions.test.ts',
  'test/workflow/absences.test.ts',
  'test/workflow/afterwards.test.ts',
  'test/workflow/audit.test.ts',
  'test/workflow/configuration-manager.test.ts',
  'test/workflow/earlier-version.test.ts',
  'test/workflow/hand-over.test.ts',
  'test/workflow/known-when.test.ts',
  'test/workflow/lanes.test.ts',
  'test/workflow/late-system.test.ts',
  'test/workflow/limits.test.ts',
  'test/workflow/linked-accounts.test.ts',
  'test/workflow/long-record.test.ts',
  'test/workflow/look-with-end.test.ts',
  'test/workflow/manageengine.test.ts',
  'test/workflow/many-waiting.test.ts',
  'test/workflow/mixed-systems.test.ts',
  'test/workflow/moved.test.ts',
  'test/workflow/next-look.test.ts',
  'test/workflow/one-machine.test.ts',
  'test/workflow/pages.test.ts',
  'test/workflow/proposing.test.ts',
  'test/workflow/rebuild.test.ts',
  'test/workflow/rights.test.ts',
  'test/workflow/roll-back.test.ts',
  'test/workflow/security-controls.test.ts',
  'test/workflow/thread-length.test.ts',
  'test/workflow/told-ahead.test.ts',
  'test/workflow/version-before.test.ts',
  'test/workflow/votes-hold.test.ts',
  'test/workflow/wsus.test.ts',
]
/** Processes, and connections, that die in the middle of their work. */
const dying = [
  'test/store/leases.test.ts',
  'test/store/lost-connections.test.ts',
  'test/store/queue.test.ts',
  'test/workflow/crash.test.ts',
  'test/workflow/stopped-test.test.ts',
]
/** The contract of a deploy engine on real hosts, once for each engine but the first. */
const engines = ['ansible', 'aws-ssm', 'awx', 'dnf', 'systemd', 'zypper'].map(
  (name) => `test/fleet/${name}-engine.test.ts`,
)
/** Rollouts that are killed, and steered, again and again. */
const endurance = ['test/fleet/killed.test.ts', 'test/fleet/steering.test.ts']
/** Real Debian hosts and a WSUS in the real engine of PowerShell, for eight minutes. `test/workflow/mixed-systems.test.ts` is the quicker one. */
const realMixed = 'test/powershell/mixed.test.ts'
/** More stories of faults, on hosts with rpm: four minutes each. */
const stories = ['test/fleet/dnf-stories.test.ts', 'test/fleet/zypper-stories.test.ts']
const slow = [
  'test/mutation/**',
  'test/replicas/**',
  'test/days/**',
  'test/fleet/**',
  'test/browser/**',
  'test/e2e/**',
  'test/known/**',
  'test/powershell/**',
  ...long,
  ...dying,
]

/** Of every project: what its tests write for a while goes with the run. Limits are for what hangs, not for what is slow on a busy machine. */
const tidy = {
  globalSetup: ['test/support/run-folder.ts'],
  setupFiles: ['test/support/after-each-file.ts'],
  expect: { poll: { timeout: 30_000 } },
}
const tidyWithDatabase = { ...tidy, globalSetup: [...tidy.globalSetup, 'test/support/global-setup.ts'] }

const onRealHosts = {
  ...tidyWithDatabase,
  testTimeout: 900_000,
  hookTimeout: 900_000,
}

export default defineConfig({
  test: {
    // Much of it waits, for PostgreSQL and for clocks: twice as many workers as cores keep these busy.
    maxWorkers: 2 * availableParallelism(),
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: slow,
          // Files share the modules that they load, as the service does: a third less work. None may keep state in one.
          isolate: false,
          ...tidyWithDatabase,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'known',
          include: ['test/known/**/*.test.ts'],
          ...tidy,
          testTimeout: 600_000,
        },
      },
      {
        test: {
          // Whole services over simulated days, for hours of patience: not a part of .ci/run.
          name: 'days',
          include: ['test/days/**/*.test.ts', realMixed],
          ...tidyWithDatabase,
          globalSetup: [...tidyWithDatabase.globalSetup, 'test/powershell/support/build-host.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'replicas',
          include: ['test/replicas/**/*.test.ts', ...dying],
          ...tidyWithDatabase,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'fleet',
          include: ['test/fleet/**/*.test.ts'],
          exclude: [...engines, ...endurance, ...stories, 'test/fleet/rpm-inventory.test.ts'],
          ...onRealHosts,
        },
      },
      { test: { name: 'engines', include: [...engines, 'test/fleet/rpm-inventory.test.ts'], ...onRealHosts } },
      { test: { name: 'endurance', include: endurance, ...onRealHosts } },
      // Those of apt are in `fleet`; these have no room in the hour of .ci/run.
      { test: { name: 'stories', include: stories, ...onRealHosts } },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          ...tidy,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'powershell',
          include: ['test/powershell/**/*.test.ts'],
          exclude: [realMixed],
          ...tidyWithDatabase,
          globalSetup: [...tidyWithDatabase.globalSetup, 'test/powershell/support/build-host.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', ...long],
          ...tidyWithDatabase,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
