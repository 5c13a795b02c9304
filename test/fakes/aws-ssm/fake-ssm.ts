/**
 * Run Command of AWS Systems Manager in miniature, on the wire (AWS JSON 1.1). Written from the API reference of Systems
 * Manager (SendCommand, ListCommands, ListCommandInvocations, GetCommandInvocation, CancelCommand,
 * DescribeInstanceInformation); nothing of Amazon's is in here. It errs on the strict side. Times are real but short:
 * an agent takes a command within milliseconds, and a delivery times out after `deliveryMs`.
 * Not there: signatures are looked at, not computed again; targets by tag; S3 and CloudWatch output.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface FakeInstance {
  readonly id: string
  ping: 'Online' | 'ConnectionLost'
  readonly platform: 'Linux' | 'Windows' | 'MacOS'
  /** Runs a script as root and gives back what it prints. */
  readonly run: (script: string) => Promise<string>
}

export interface FakeSsmOptions {
  readonly region: string
  readonly deliveryMs?: number
  /** Until an invocation shows up, after its command was sent. */
  readonly lagMs?: number
  /** Rows in a page, whatever is asked for. */
  readonly page?: number
}

type Json = Readonly<Record<string, unknown>>

interface Invocation {
  readonly instance: FakeInstance
  status: string
  details: string
  output: string
  began: string
}

interface Command {
  readonly id: string
  readonly document: string
  readonly comment: string
  readonly text: string
  readonly sentAt: number
  readonly maxErrors: string
  readonly invocations: Invocation[]
}

export type FakeSsm = Awaited<ReturnType<typeof createFakeSsm>>

class Fault extends Error {
  readonly type: string
  readonly status: number
  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export async function createFakeSsm(options: FakeSsmOptions) {
  const { region, deliveryMs = 60, lagMs = 8, page = 50 } = options
  const instances = new Map<string, FakeInstance>()
  /** Still listed, and no longer there to be sent a command. */
  const terminated = new Set<string>()
  const commands: Command[] = []
  const calls: { readonly operation: string; readonly input: Json }[] = []
  /** Operations to answer with a fault, once each. */
  const faults: { readonly operation: string; readonly type: string; readonly status: number }[] = []
  const seen = new Set<string>()
  let serial = 0

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The fake has no port.')

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^AmazonSSM\./, '')
    const authorization = String(request.headers.authorization ?? '')
    try {
      if (request.method !== 'POST' || request.url !== '/') throw new Fault('UnknownOperationException', 'POST / only')
      if (request.headers['content-type'] !== 'application/x-amz-json-1.1')
        throw new Fault('SerializationException', 'content type')
      if (!new RegExp(`^AWS4-HMAC-SHA256 Credential=[^/]+/\\d{8}/${region}/ssm/aws4_request, `).test(authorization))
        throw new Fault('IncompleteSignatureException', 'The request signature does not conform to AWS standards.')
      const input: Json = JSON.parse(Buffer.concat(parts).toString('utf8'))
      calls.push({ operation, input })
      const at = faults.findIndex((one) => one.operation === operation)
      const [fault] = at === -1 ? [] : faults.splice(at, 1)
      if (fault !== undefined) throw new Fault(fault.type, 'Rate exceeded', fault.status)
      const answer = perform(operation, input)
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
    } catch (error) {
      const fault = error instanceof Fault ? error : new Fault('InternalServerError', String(error), 500)
      response
        .writeHead(fault.status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify({ __type: fault.type, message: fault.message }))
    }
  }

  function perform(operation: string, input: Json): Json {
    switch (operation) {
      case 'DescribeInstanceInformation':
        return describe(input)
      case 'SendCommand':
        return send(input)
      case 'ListCommands':
        return list(input)
      case 'ListCommandInvocations':
        return listInvocations(input)
      case 'GetCommandInvocation':
        return getInvocation(input)
      case 'CancelCommand':
        return cancel(input)
    }
    throw new Fault('UnknownOperationException', operation)
  }

  function describe(input: Json): Json {
    const [filter] = input.Filters as { Key: string; Values: string[] }[]
    if (filter?.Key !== 'InstanceIds' || filter.Values.length > 100) throw new Fault('InvalidFilterKey', 'Filters')
    const known = filter.Values.flatMap((id) => instances.get(id) ?? [])
    return paged(known, input, 'InstanceInformationList', ({ id, ping, platform }) => ({
      InstanceId: id,
      PingStatus: ping,
      LastPingDateTime: Date.now() / 1000,
      PlatformType: platform,
      ResourceType: 'EC2Instance',
    }))
  }

  function send(input: Json): Json {
    const ids = strings(input.InstanceIds)
    const comment = String(input.Comment ?? '')
    const parameters = input.Parameters as Record<string, string[]>
    const timeout = Number(input.TimeoutSeconds ?? 3600)
    if (ids.length === 0 || ids.length > 50) throw new Fault('ValidationException', 'InstanceIds: 1 to 50')
    if (comment.length > 100) throw new Fault('ValidationException', 'Comment: length 100')
    if (timeout < 30) throw new Fault('ValidationException', 'TimeoutSeconds: at least 30')
    if (input.DocumentName !== 'AWS-RunShellScript') throw new Fault('InvalidDocument', 'no such document')
    if (JSON.stringify(input).length > 64 * 1024) throw new Fault('MaxDocumentSizeExceeded', '64 KB')
    // One that is unknown, and none gets the command.
    if (ids.some((id) => !instances.has(id) || terminated.has(id)))
      throw new Fault('InvalidInstanceId', 'Instances not in a valid state')
    const text = (parameters.commands ?? []).join('\n')
    if (/\{\{/.test(text)) throw new Fault('InvalidParameters', 'Parameter names in {{ }} are not known')
    const command: Command = {
      id: `${String(++serial).padStart(8, '0')}-0000-4000-8000-000000000000`,
      document: String(input.DocumentName),
      comment,
      text,
      sentAt: Date.now(),
      maxErrors: String(input.MaxErrors ?? '0'),
      invocations: ids.flatMap((id) => {
        const instance = instances.get(id)
        return instance ? [{ instance, status: 'Pending', details: 'Pending', output: '', began: '' }] : []
      }),
    }
    commands.unshift(command)
    for (const invocation of command.invocations) void deliver(command, invocation)
    return { Command: shown(command) }
  }

  async function deliver(command: Command, invocation: Invocation): Promise<void> {
    await pause(2)
    if (invocation.status !== 'Pending') return
    if (invocation.instance.ping !== 'Online') {
      await pause(deliveryMs)
      if (invocation.status === 'Pending') end(command, invocation, 'TimedOut', 'DeliveryTimedOut')
      return
    }
    invocation.status = invocation.details = 'InProgress'
    invocation.began = new Date().toISOString()
    try {
      invocation.output = await invocation.instance.run(command.text)
      end(command, invocation, 'Success', 'Success')
    } catch {
      end(command, invocation, 'Failed', 'Failed')
    }
  }

  /** By default the first one that fails keeps the command from those that have not begun. */
  function end(command: Command, invocation: Invocation, status: string, details: string): void {
    invocation.status = status
    invocation.details = details
    if (status === 'Success' || command.maxErrors !== '0') return
    for (const other of command.invocations) {
      if (other.status === 'Pending') Object.assign(other, { status: 'Cancelled', details: 'Terminated' })
    }
  }

  function list(input: Json): Json {
    const filters = new Map((input.Filters as { key: string; value: string }[]).map(({ key, value }) => [key, value]))
    const after = filters.get('InvokedAfter')
    if (after !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(after))
      throw new Fault('ValidationException', 'InvokedAfter')
    const found = commands.filter(
      (one) =>
        one.document === (filters.get('DocumentName') ?? one.document) &&
        one.sentAt >= (after === undefined ? 0 : Date.parse(after)),
    )
    return paged(found, input, 'Commands', shown)
  }

  function shown({ id, document, comment, invocations, sentAt }: Command): Json {
    return {
      CommandId: id,
      DocumentName: document,
      Comment: comment,
      InstanceIds: invocations.map((one) => one.instance.id),
      RequestedDateTime: sentAt / 1000,
      Status: 'Pending',
      StatusDetails: 'Pending',
    }
  }

  function listInvocations(input: Json): Json {
    const command = commandOf(input)
    const visible = Date.now() - command.sentAt < lagMs ? [] : command.invocations
    return paged(visible, input, 'CommandInvocations', ({ instance, status, details, output }) => ({
      CommandId: command.id,
      InstanceId: instance.id,
      Comment: command.comment,
      Status: status,
      StatusDetails: details.replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
      CommandPlugins: [
        { Name: 'aws:runShellScript', Status: status, Output: cut(output, 2_500, '\n--output truncated--') },
      ],
    }))
  }

  function getInvocation(input: Json): Json {
    const command = commandOf(input)
    const invocation = command.invocations.find((one) => one.instance.id === input.InstanceId)
    if (invocation === undefined || Date.now() - command.sentAt < lagMs) throw new Fault('InvocationDoesNotExist', '')
    const { status, details, output, began, instance } = invocation
    return {
      CommandId: command.id,
      InstanceId: instance.id,
      ResponseCode: status === 'Success' ? 0 : -1,
      ExecutionStartDateTime: began,
      Status: status,
      StatusDetails: details,
      StandardOutputContent: cut(output, 24_000, '\n--output truncated--'),
      StandardErrorContent: '',
    }
  }

  function cancel(input: Json): Json {
    const ids = strings(input.InstanceIds)
    for (const invocation of commandOf(input).invocations) {
      if (invocation.status !== 'Pending' || (ids.length > 0 && !ids.includes(invocation.instance.id))) continue
      invocation.status = invocation.details = 'Cancelled'
    }
    return {}
  }

  function commandOf(input: Json): Command {
    const command = commands.find((one) => one.id === input.CommandId)
    if (command === undefined) throw new Fault('InvalidCommandId', 'CommandId')
    return command
  }

  function paged<T>(rows: readonly T[], input: Json, name: string, show: (row: T) => Json): Json {
    const token = String(input.NextToken ?? '')
    // A token is good for the call that it came from.
    if (token !== '' && !seen.has(token)) throw new Fault('InvalidNextToken', 'NextToken')
    const start = token === '' ? 0 : Number(token.split('.')[1])
    const size = Math.min(page, Number(input.MaxResults ?? page))
    const next = start + size < rows.length ? `${name}.${start + size}` : ''
    if (next !== '') seen.add(next)
    return { [name]: rows.slice(start, start + size).map(show), ...(next === '' ? {} : { NextToken: next }) }
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    instances,
    terminated,
    commands,
    calls,
    faults,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function cut(text: string, length: number, mark: string): string {
  return text.length <= length ? text : `${text.slice(0, length)}${mark}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
