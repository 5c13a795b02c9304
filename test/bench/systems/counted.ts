export interface Counted {
  requests: number
  /** Of the answers. */
  bytes: number
  /** Seconds that it took to make the answers, which a real server would spend elsewhere. */
  making: number
}

export const nothing = (): Counted => ({ requests: 0, bytes: 0, making: 0 })

/** Counts what a server is asked over HTTP. `restart`: from now on counts anew; what was counted until then. */
export function countedFetch(server: typeof fetch) {
  const counted = nothing()
  const counting: typeof fetch = async (input, init) => {
    const began = performance.now()
    const answer = await server(input, init)
    const body = await answer.arrayBuffer()
    counted.making += (performance.now() - began) / 1_000
    counted.requests++
    counted.bytes += body.byteLength
    return new Response(body, { status: answer.status, headers: answer.headers })
  }
  return {
    fetch: counting,
    restart(): Counted {
      const before = { ...counted }
      Object.assign(counted, nothing())
      return before
    },
  }
}
