/** The manifests for Kubernetes, judged by the models of its own client (Debian's python3-kubernetes), and against what the program needs. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { variableNames } from '../../src/app/environment.ts'

const judge = new URL('kubernetes-judge.py', import.meta.url).pathname
const hasJudge = spawnSync('/usr/bin/python3', ['-c', 'import kubernetes']).status === 0
if (!hasJudge) console.warn('manifests/kubernetes was not judged: python3-kubernetes is not installed here.')

const manifests = parseAllDocuments(readFileSync('manifests/kubernetes/deployment.yaml', 'utf8')).map((one) =>
  one.toJS(),
)

function judged(objects: readonly unknown[]): readonly string[] {
  const input = objects.map((one) => JSON.stringify(one)).join('\n')
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [judge], { input, encoding: 'utf8' })
  expect({ status, stderr }).toMatchObject({ status: 0 })
  return stdout.trim().split('\n').slice(0, -1)
}

test.skipIf(!hasJudge)('the schema of Kubernetes knows every field, and misses none', () => {
  expect(manifests).toHaveLength(5)
  expect(judged(manifests)).toEqual([])
})

test.skipIf(!hasJudge)('the judge finds what is misspelt, missing, of a wrong type or gone', () => {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')
  const wrong = (change: (copy: typeof deployment) => void) => {
    const copy = structuredClone(deployment)
    change(copy)
    return judged([copy])
  }
  const [container] = deployment.spec.template.spec.containers
  expect(container.name).toBe('patchwarden')
  expect(
    wrong((copy) => {
      copy.spec.template.spec.containers[0].imagePullPolcy = 'Always'
    }),
  ).toEqual([expect.stringContaining('imagePullPolcy is unknown')])
  expect(
    wrong((copy) => {
      delete copy.spec.selector
    }),
  ).toEqual([expect.stringContaining('selector')])
  expect(
    wrong((copy) => {
      copy.spec.replicas = 'three'
    }),
  ).toEqual([expect.stringContaining('replicas is no int')])
  expect(
    wrong((copy) => {
      copy.apiVersion = 'extensions/v1beta1'
    }),
  ).toEqual([expect.stringContaining('there is no extensions/v1beta1 Deployment')])
})

test('what the pods are given is what the program reads, asks and writes', () => {
  const { spec } = manifests.find(({ kind }) => kind === 'Deployment').spec.template
  const [container] = spec.containers
  for (const { name } of container.env) expect(variableNames).toContain(name)
  const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet.path)
  expect(paths).toEqual(['/healthz', '/livez', '/readyz'])
  expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true })
  const volumes = spec.volumes.map(({ name }: { name: string }) => name).sort()
  expect(container.volumeMounts.map(({ name }: { name: string }) => name).sort()).toEqual(volumes)
  const service = manifests.find(({ kind }) => kind === 'Service')
  const ports = container.ports.map(({ name }: { name: string }) => name)
  for (const { targetPort } of service.spec.ports) expect(ports).toContain(targetPort)
})
