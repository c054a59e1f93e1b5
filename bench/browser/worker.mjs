/** The worker of every side but ours from the page: runs what it is asked and answers with the result or what went wrong. */
import { countBarriers } from './barriers.mjs'
import { connect } from './connect.mjs'
import { barriersOf, tasks } from './tasks.mjs'

countBarriers()

addEventListener('message', ({ data: { side, task, given } }) => {
  tasks[task]((name) => connect(side, name), given).then(
    async (measured) => postMessage({ measured: { ms: measured.ms, barriers: await barriersOf(measured) } }),
    (error) => postMessage({ error: String(error?.stack ?? error) }),
  )
})
