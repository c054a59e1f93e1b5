/** `npm run bench`: installs the peers that bench/ compares with, once, then runs bench/ with the remaining arguments. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { run } from './steps.mjs'

const bench = path.resolve(import.meta.dirname, '../bench')
if (!existsSync(path.join(bench, 'node_modules/.package-lock.json'))) {
  // better-sqlite3 is compiled where no binary can be fetched; Node's headers may lie beside it, else node-gyp fetches them.
  const prefix = path.resolve(process.execPath, '../..')
  const env = existsSync(path.join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}
  const { code } = await run('npm --prefix bench ci --no-audit --no-fund', { show: true, env })
  if (code !== 0) process.exit(code)
}
const args = process.argv.slice(2).map((arg) => JSON.stringify(arg))
const { code } = await run(`npm --prefix bench run --silent bench -- ${args.join(' ')}`, { show: true })
process.exit(code)
