/** Files on loopback, which browsers count as a secure context. Scripts are bundled from their sources when the server starts. */
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'

export interface FileServer {
  readonly origin: string
  /** How often a path was asked for. */
  requestsOf(pathname: string): number
  close(): Promise<void>
}

/** What a page needs of the built package beside itself. Read when the server starts: a build meanwhile does not change it. */
export const builtFiles = ['dist/worker.js', 'dist/wa-sqlite.wasm'] as const

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '': 'text/html; charset=utf-8',
}

export interface ServeOptions {
  readonly files?: readonly string[]
  /** Scripts by their paths. */
  readonly texts?: Readonly<Record<string, string>>
  /** The Content Security Policy of everything that is served. */
  readonly policy?: string
}

/**
 * Serves `/` as an empty page, each entry under its name with `.js`, and each file under its name. An entry is a path beside this file, a
 * file one from the root of the project.
 */
export async function serveScripts(
  entries: readonly string[],
  { files = [], texts = {}, policy }: ServeOptions = {},
): Promise<FileServer> {
  const { outputFiles } = await build({
    entryPoints: entries.map((entry) => path.resolve(import.meta.dirname, entry)),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Scripts of tests are imported for what they do, which the package says of its worker alone.
    ignoreAnnotations: true,
  })
  const served = new Map<string, string | Buffer>([
    ['/', '<!doctype html><meta charset="utf-8"><title>page</title>'],
    ...files.map((file) => [`/${path.basename(file)}`, readFileSync(file)] as const),
    ...Object.entries(texts),
    ...outputFiles.map((file) => [`/${path.basename(file.path)}`, file.text] as const),
  ])
  const requests = new Map<string, number>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    requests.set(pathname, (requests.get(pathname) ?? 0) + 1)
    const body = served.get(pathname)
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': types[path.extname(pathname)] ?? 'application/octet-stream',
      'cache-control': 'no-store',
      ...(policy === undefined ? {} : { 'content-security-policy': policy }),
    })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server has a port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    requestsOf: (pathname) => requests.get(pathname) ?? 0,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
