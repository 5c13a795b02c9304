import type { DeployEngine, HookRunner, MonitoringSilence } from '../core/ports.ts'
import type { Lease } from '../store/leases.ts'
import type { WorkflowParts } from './ports.ts'

type Shown = Pick<Lease, 'show'>

/**
 * Parts that check the lease in the database before every call of an engine, a hook or the monitoring. So a process
 * that was cut off and replaced begins nothing more.
 */
export function underLease<Parts extends Pick<WorkflowParts, 'engines' | 'hooks' | 'silences'>>(
  parts: Parts,
  lease: Shown,
): Parts {
  const engines = new Map([...parts.engines].map(([name, engine]) => [name, engineUnder(engine, lease)]))
  const silences = new Map([...parts.silences].map(([name, silence]) => [name, silenceUnder(silence, lease)]))
  return { ...parts, engines, silences, hooks: hooksUnder(parts.hooks, lease) }
}

function engineUnder(engine: DeployEngine, { show }: Shown): DeployEngine {
  const { wait, stage, compare, tidy, reclaim, sharedPoll } = engine
  return {
    ...engine,
    preview: (asset, changes, signal) => show().then(() => engine.preview(asset, changes, signal)),
    preflight: (batch, signal) => show().then(() => engine.preflight(batch, signal)),
    start: (batch, signal) => show().then(() => engine.start(batch, signal)),
    poll: (handle, signal) => show().then(() => engine.poll(handle, signal)),
    ...(sharedPoll === undefined
      ? {}
      : {
          sharedPoll: {
            ...sharedPoll,
            poll: (handles, signal) => show().then(() => sharedPoll.poll(handles, signal)),
          },
        }),
    ...(wait === undefined
      ? {}
      : { wait: (handle, seconds, signal) => show().then(() => wait(handle, seconds, signal)) }),
    cancel: (handle, signal, only) => show().then(() => engine.cancel(handle, signal, only)),
    ...(stage === undefined ? {} : { stage: (batch, signal) => show().then(() => stage(batch, signal)) }),
    ...(compare === undefined ? {} : { compare: (handle, signal) => show().then(() => compare(handle, signal)) }),
    ...(tidy === undefined ? {} : { tidy: (key, signal) => show().then(() => tidy(key, signal)) }),
    ...(reclaim === undefined ? {} : { reclaim: (unknown, signal) => show().then(() => reclaim(unknown, signal)) }),
  }
}

function hooksUnder(hooks: HookRunner, { show }: Shown): HookRunner {
  return { run: (hook, asset, key, signal) => show().then(() => hooks.run(hook, asset, key, signal)) }
}

function silenceUnder(silence: MonitoringSilence, { show }: Shown): MonitoringSilence {
  return {
    ...silence,
    hold: (lease, signal) => show().then(() => silence.hold(lease, signal)),
    release: (lease, signal) => show().then(() => silence.release(lease, signal)),
  }
}
