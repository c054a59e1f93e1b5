/** Holds files of the origin private file system through our own code, and writes what it is asked to. */
import { isDatabaseError } from '../../../src/errors.ts'
import type { StoreFile } from '../../../src/storage/file-system.ts'
import { openOpfs } from '../../../src/storage/media/opfs-fs.ts'

export type OpfsRequest =
  /** Opens the file `header` of a store and keeps it open. */
  | { readonly kind: 'open'; readonly name: string }
  /** Appends so many bytes of one value, and flushes. */
  | { readonly kind: 'append'; readonly value: number; readonly bytes: number }
  /** How many bytes there are at the beginning, and how many of them are of the value. */
  | { readonly kind: 'count'; readonly value: number }

export interface OpfsAnswer {
  /** 'done', or the code of the error. */
  readonly outcome: string
  readonly size: number
  readonly counted: number
  /** How often a handle of somebody else was waited for. */
  readonly pauses: number
}

let file: StoreFile | undefined
let pauses = 0

addEventListener('message', ({ data }: MessageEvent<OpfsRequest>) => {
  void answer(data).then((answered) => postMessage(answered))
})

async function answer(request: OpfsRequest): Promise<OpfsAnswer> {
  try {
    return { outcome: 'done', counted: await run(request), size: file?.size() ?? 0, pauses }
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    return { outcome: error.code, counted: 0, size: file?.size() ?? 0, pauses }
  }
}

async function run(request: OpfsRequest): Promise<number> {
  if (request.kind === 'open') {
    file = await (await openOpfs(request.name, { pause })).open('header', { create: true })
    return 0
  }
  if (file === undefined) throw new Error('no file is open')
  if (request.kind === 'append') {
    file.write(new Uint8Array(request.bytes).fill(request.value), file.size())
    file.flush()
    return request.bytes
  }
  const bytes = new Uint8Array(file.size())
  file.read(bytes, 0)
  return bytes.filter((byte) => byte === request.value).length
}

function pause(ms: number): Promise<void> {
  pauses++
  return new Promise((resolve) => setTimeout(resolve, ms))
}
