/** All kinds of integrations that patchwarden.yaml can name. Documents and messages list them in this order. */

import type { Kind } from '../config/kind.ts'
import { ansible } from './ansible/kind.ts'
import { awsSsm } from './aws-ssm/kind.ts'
import { awx } from './awx/kind.ts'
import { configurationManager } from './configuration-manager/kind.ts'
import { feedKinds } from './feeds/registry.ts'
import { file } from './file-inventory/kind.ts'
import { fleet } from './fleet/kind.ts'
import { ivantiNeurons } from './ivanti-neurons/kind.ts'
import { ivantiSecurityControls } from './ivanti-security-controls/kind.ts'
import { csv } from './load-csv/kind.ts'
import { local } from './local-host/kind.ts'
import { manageEngine } from './manageengine/kind.ts'
import { calendar, pagerduty } from './on-call/kind.ts'
import { prometheus } from './prometheus/kind.ts'
import { sar } from './sar/kind.ts'
import { alertmanager, command } from './silence/kind.ts'
import { simulated } from './simulated/kind.ts'
import { simulatedConfigurationManager } from './simulated-configuration-manager/kind.ts'
import { simulatedFleet } from './simulated-fleet/kind.ts'
import { simulatedManageEngine } from './simulated-manageengine/kind.ts'
import { simulatedNeurons } from './simulated-neurons/kind.ts'
import { simulatedSecurityControls } from './simulated-security-controls/kind.ts'
import { simulatedSystem } from './simulated-system/kind.ts'
import { simulatedWsus } from './simulated-wsus/kind.ts'
import { ssh } from './ssh/kind.ts'
import { wsus } from './wsus/kind.ts'

export const kinds: readonly Kind[] = [
  local,
  ssh,
  wsus,
  configurationManager,
  manageEngine,
  ivantiSecurityControls,
  fleet,
  ivantiNeurons,
  file,
  ansible,
  awx,
  awsSsm,
  simulated,
  simulatedSystem,
  simulatedWsus,
  simulatedConfigurationManager,
  simulatedManageEngine,
  simulatedSecurityControls,
  simulatedFleet,
  simulatedNeurons,
  prometheus,
  sar,
  csv,
  alertmanager,
  command,
  pagerduty,
  calendar,
  ...feedKinds,
]
