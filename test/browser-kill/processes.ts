/** The processes of a group, as the kernel lists them: a browser is a dozen. */
import { readdirSync, readFileSync } from 'node:fs'

/** Ids of the processes of a group that are alive. One that has ended and waits for its parent to hear of it is not. */
export function processesOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = statOf(pid)
      return stat !== undefined && stat.group === group && !['Z', 'X'].includes(stat.state)
    })
    .map(Number)
}

function statOf(pid: string): { readonly state: string; readonly group: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it is in brackets and may hold anything.
    const [state = '', , group = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, group: Number(group) }
  } catch {
    // It ended between the listing and the look.
    return undefined
  }
}

/** Ends a whole group at once, as a power button does, and waits until none of it is left. Returns how many there were. */
export async function killGroup(group: number, { boundMs = 10_000 } = {}): Promise<number> {
  const alive = processesOf(group)
  if (alive.length === 0) return 0
  process.kill(-group, 'SIGKILL')
  const endMs = performance.now() + boundMs
  while (processesOf(group).length > 0) {
    if (performance.now() > endMs) throw new Error(`processes ${processesOf(group).join(', ')} outlived their SIGKILL`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return alive.length
}
