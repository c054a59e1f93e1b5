/** `npm run check`: everything that can be said without running the database. Green before every commit. */
import { buildStep, checkSteps, runSteps, tidyStep } from './steps.mjs'

const built = await runSteps([buildStep])
const checked = await runSteps([...checkSteps, tidyStep])
process.exit(built.failed + checked.failed === 0 ? 0 : 1)
