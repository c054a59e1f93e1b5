/**
 * A Chromium with a profile of its own on the disk, and the pages that it is shown, served on the loopback device:
 *
 *   /            an empty page with page.js        /ours/    dist/worker.js and its WebAssembly, as published
 *   /*.js        bundled from this folder          /peers/   bench/node_modules, untouched
 */
import { build } from 'esbuild'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.mjs'
import { within } from './within.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }
const startMs = 60_000

/**
 * @typedef {object} Browser
 * @property {string} version
 * @property {(use: (page: import('playwright-core').Page) => Promise<unknown>) => Promise<unknown>} withPage
 * @property {() => Promise<void>} restart the same profile in a new process
 * @property {() => Promise<void>} clear all that the pages have stored
 */

/**
 * @template T
 * @param {readonly string[]} entries scripts of this folder: page and worker
 * @param {(browser: Browser) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withChromium(entries, use) {
  const directory = mkdtempSync(path.join(tmpdir(), 'datasync-bench-'))
  const executablePath = await ensureChromium({ isWhole: true })
  await bundle(entries, directory)
  const server = await serve(directory)
  const address = `http://localhost:${server.address().port}`
  const launch = () =>
    chromium.launchPersistentContext(path.join(directory, 'profile'), {
      executablePath,
      args: chromiumFlags,
      headless: true,
      timeout: startMs,
    })
  let context = await launch()
  try {
    return await use({
      version: context.browser()?.version() ?? 'unknown',
      async withPage(work) {
        const page = await context.newPage()
        try {
          await page.goto(`${address}/${entries[0]?.replace('.mjs', '.html')}`)
          return await work(page)
        } finally {
          await within(startMs, 'closing a page', page.close())
        }
      },
      async restart() {
        await within(startMs, 'closing Chromium', context.close())
        context = await launch()
      },
      clear: () => clearStorage(context, address),
    })
  } finally {
    await within(startMs, 'closing Chromium', context.close()).catch((error) => console.log(String(error)))
    server.closeAllConnections()
    server.close()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

/** @param {readonly string[]} entries @param {string} directory */
async function bundle(entries, directory) {
  const { metafile } = await build({
    metafile: true,
    entryPoints: entries.map((entry) => path.join(import.meta.dirname, entry)),
    outdir: directory,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['/ours/*', '/peers/*', '/sqlocal.js'],
    // A worker is imported for what it does, which its package denies.
    ignoreAnnotations: true,
    logLevel: 'error',
  })
  // A peer that is bundled looks for these beside its script.
  for (const input of Object.keys(metafile.inputs).filter((file) => file.endsWith('/sqlite-wasm/dist/index.mjs')))
    for (const file of ['sqlite3.wasm', 'sqlite3-opfs-async-proxy.js'])
      copyFileSync(path.resolve(path.dirname(input), file), path.join(directory, file))
  mkdirSync(path.join(directory, 'ours'))
  for (const file of ['worker.js', 'wa-sqlite.wasm'])
    copyFileSync(path.join(root, 'dist', file), path.join(directory, 'ours', file))
}

/** @param {string} directory @returns {Promise<import('node:http').Server>} */
async function serve(directory) {
  const peers = path.join(root, 'bench/node_modules')
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const extension = path.extname(pathname)
    const headers = {
      'content-type': types[extension] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    }
    if (extension === '.html') {
      const script = pathname.replace('.html', '.js')
      response.writeHead(200, headers).end(`<!doctype html><script type="module" src="${script}"></script>`)
      return
    }
    const file = pathname.startsWith('/peers/')
      ? path.join(peers, pathname.slice('/peers/'.length))
      : path.join(directory, pathname)
    readFile(file).then(
      (bytes) => response.writeHead(200, headers).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  return server
}

/** @param {import('playwright-core').BrowserContext} context @param {string} origin */
async function clearStorage(context, origin) {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await within(startMs, 'clearing', session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' }))
  await page.close()
}
