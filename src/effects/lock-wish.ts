/**
 * A member's wish for the leader's lock: asked for, perhaps robbed, withdrawn. Two ways lead to it, and either may come too late; what
 * comes when nobody wants it any more is let go.
 *
 *   want ─▶ asked for ─▶ held       rob ─▶ held, the asking is over       unwant ─▶ neither
 */
import type { LeaderLock, LockListener } from './leader-lock.ts'
import type { Lease } from './lease.ts'

export interface LockWishPorts {
  readonly lock: LeaderLock
  readonly held: (lease: Lease) => void
  readonly refused: (error: unknown) => void
  /** It was taken from us. */
  readonly lost: () => void
}

interface Wish {
  isOver: boolean
  readonly listener: LockListener
  withdraw: () => void
}

export class LockWish {
  readonly #ports: LockWishPorts
  #wish: Wish | undefined

  constructor(ports: LockWishPorts) {
    this.#ports = ports
  }

  want(): void {
    const { lock, held, refused, lost } = this.#ports
    const wish: Wish = {
      isOver: false,
      withdraw: () => undefined,
      listener: {
        isWanted: () => !wish.isOver,
        held: (lease) => {
          if (wish.isOver) return void lease.release()
          end(wish)
          held(lease)
        },
        refused: (error) => {
          if (!wish.isOver) refused(error)
        },
        lost,
      },
    }
    this.#wish = wish
    const withdraw = lock.request(wish.listener)
    if (wish.isOver) withdraw()
    else wish.withdraw = withdraw
  }

  /** Resolves to whether a silent holder can be robbed here. What cannot be found out now is no reason to rob anybody. */
  async rob(isStillSilent: () => boolean): Promise<boolean> {
    const wish = this.#wish
    if (wish === undefined || wish.isOver) return true
    return this.#ports.lock.steal(wish.listener, isStillSilent).catch(() => false)
  }

  unwant(): void {
    if (this.#wish !== undefined) end(this.#wish)
  }

  /** The holder may just have gone. */
  nudge(): void {
    if (this.#wish?.isOver === false) this.#ports.lock.nudge()
  }
}

function end(wish: Wish): void {
  wish.isOver = true
  wish.withdraw()
}
