/** Files on loopback, which browsers count as a secure context. Scripts are bundled from their sources when the server starts. */
import { build } from 'esbuild'
import { createServer } from 'node:http'
import path from 'node:path'

export interface FileServer {
  readonly origin: string
  close(): Promise<void>
}

/** Serves `/` as an empty page, and each entry under its name with `.js`. An entry is a path beside this file. */
export async function serveScripts(entries: readonly string[]): Promise<FileServer> {
  const { outputFiles } = await build({
    entryPoints: entries.map((entry) => path.join(import.meta.dirname, entry)),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  const scripts = new Map(outputFiles.map((file) => [`/${path.basename(file.path)}`, file.text]))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const script = scripts.get(pathname)
    const body = pathname === '/' ? '<!doctype html><meta charset="utf-8"><title>page</title>' : script
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': script === undefined ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8',
      'cache-control': 'no-store',
    })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server has a port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
