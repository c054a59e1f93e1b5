/** `npm run bench`: installs the peers that bench/ compares with, once, then runs bench/ with the remaining arguments. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { run } from './steps.mjs'

const bench = path.resolve(import.meta.dirname, '../bench')
if (!existsSync(path.join(bench, 'node_modules/.package-lock.json'))) {
  const { code } = await run('npm --prefix bench ci --no-audit --no-fund', { show: true })
  if (code !== 0) process.exit(code)
}
const args = process.argv.slice(2).map((arg) => JSON.stringify(arg))
const { code } = await run(`npm --prefix bench run --silent bench -- ${args.join(' ')}`, { show: true })
process.exit(code)
