/**
 * Builds dist/ from src/, starting from an empty one:
 *
 *   tsc        one file per module, types beside it
 *   esbuild    dist/worker.js, which imports nothing: a browser starts it from an address, whether or not its page was bundled
 *   a copy     dist/wa-sqlite.wasm, which the worker fetches from beside itself
 */
import { build } from 'esbuild'
import { copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { run } from './steps.mjs'

const root = path.resolve(import.meta.dirname, '..')
const dist = path.join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const { code, output } = await run('tsc -p tsconfig.build.json')
process.stdout.write(output)
if (code === 0) {
  await buildWorker()
  copyFileSync(
    createRequire(import.meta.url).resolve('wa-sqlite/dist/wa-sqlite.wasm'),
    path.join(dist, 'wa-sqlite.wasm'),
  )
}
process.exitCode = code

/** For browsers alone: an import of one of Node's modules, however far away, fails here. Names are kept for stacks. */
async function buildWorker() {
  await build({
    entryPoints: [path.join(root, 'src/worker.ts')],
    outfile: path.join(dist, 'worker.js'),
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'warning',
  })
}
