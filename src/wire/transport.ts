/**
 * How the members of one database reach each other: a port with one implementation for tabs and workers, and one for processes and
 * threads of Node. What travels is protocol.ts; who leads is not decided here.
 */
import type { Port } from './channel.ts'

/** One client's way to one leader. Ordered while it lasts. */
export interface Connection extends Port {
  /** Called once: the other side is gone, or has ended it. */
  onClosed(listener: () => void): void
  /** Work is underway over it: a process must not end meanwhile. */
  hold(isHeld: boolean): void
  close(): void
}

/** Where a leader is found by those who can read the lease. Absent where everybody hears everybody. */
export interface Address {
  /** Path of a local socket. */
  readonly socket: string
  /** 64 hexadecimal digits that only who may read the lease knows. */
  readonly token: string
}

export interface Serving {
  readonly address?: Address
  /** Takes no further client; connections go on. */
  stop(): void
}

export interface ServePorts {
  readonly onConnection: (connection: Connection) => void
  /** Somebody who may not speak to us was turned away. */
  readonly onRefused: () => void
}

export interface Transport {
  /** Takes clients from now on, and says to all who listen that a leader of this epoch is there. */
  serve(epoch: number, ports: ServePorts): Promise<Serving>
  /** One attempt to reach whoever leads, or believes to; bounded. Undefined: nobody answered. */
  connect(): Promise<Connection | undefined>
  /** Says to all who listen that a leader of that epoch is there; undefined: one that is about to lead, and is not silent. */
  announce(epoch: number | undefined): void
  /** A leader of that epoch says that it is there; undefined: one that is about to lead. Returns how to stop listening. */
  onAnnounced(listener: (epoch: number | undefined) => void): () => void
  close(): void
}
