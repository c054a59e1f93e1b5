/** Builds dist/ from src/ with the compiler alone: one file per module, types beside it. Starts from an empty dist/. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { run } from './steps.mjs'

rmSync(path.join(import.meta.dirname, '../dist'), { recursive: true, force: true })
const { code, output } = await run('tsc -p tsconfig.build.json')
process.stdout.write(output)
process.exit(code)
