/**
 * Runs scripts/<name>.ts: bundles it, and every scripts/<name>-*.ts beside it, into .cache/scripts/ and starts it with Node.
 * Packages stay imports, so that native addons and WASM files are found where npm put them. Exit code: the script's.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

const [name, ...args] = process.argv.slice(2)
const root = path.resolve(import.meta.dirname, '..')
const entryPoints = readdirSync(import.meta.dirname)
  .filter((file) => file === `${name}.ts` || (file.startsWith(`${name}-`) && file.endsWith('.ts')))
  .map((file) => path.join(import.meta.dirname, file))
if (name === undefined || entryPoints.length === 0) {
  console.error(`there is no scripts/${name ?? '<name>'}.ts`)
  process.exit(1)
}

const outdir = path.join(root, '.cache/scripts')
await build({
  entryPoints,
  outdir,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outExtension: { '.js': '.mjs' },
  sourcemap: 'inline',
  logLevel: 'warning',
})
const run = spawnSync(process.execPath, ['--enable-source-maps', path.join(outdir, `${name}.mjs`), ...args], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(run.status ?? 1)
