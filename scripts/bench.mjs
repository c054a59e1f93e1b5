/**
 * `npm run bench`, `bench:browser`, `bench:faults`: installs the peers that bench/ compares with, once, then runs the named script of
 * bench/ with the remaining arguments.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './steps.mjs'

const bench = path.resolve(import.meta.dirname, '../bench')
/** @type {{ dependencies: Record<string, string>, scripts: Record<string, string> }} */
const { dependencies, scripts } = JSON.parse(readFileSync(path.join(bench, 'package.json'), 'utf8'))
if (!Object.keys(dependencies).every((name) => existsSync(path.join(bench, 'node_modules', name)))) {
  // better-sqlite3 is compiled where no binary can be fetched; Node's headers may lie beside it, else node-gyp fetches them.
  const prefix = path.resolve(process.execPath, '../..')
  const env = existsSync(path.join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}
  const { code } = await run('npm --prefix bench ci --no-audit --no-fund', { show: true, env })
  if (code !== 0) process.exit(code)
}
const [first = '', ...rest] = process.argv.slice(2)
const [script, given] = first in scripts ? [first, rest] : ['bench', process.argv.slice(2)]
const args = given.map((arg) => JSON.stringify(arg))
const { code } = await run(`npm --prefix bench run --silent ${script} -- ${args.join(' ')}`, { show: true })
process.exit(code)
