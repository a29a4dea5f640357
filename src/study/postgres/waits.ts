/** How long what is waited for, in ms. */
export interface Waits {
  /** The same is tried again for so long: before the first connection, and from then on. A server that restarts and a link that breaks come back. */
  readonly first: number;
  readonly later: number;
  /** How often a process says that it lives, and how long it is believed, by the server's clock. */
  readonly beat: number;
  readonly believed: number;
  /** A trial that says nothing of its progress for so long is no longer held: its process lives, its work hangs. */
  readonly silent: number;
  /** How often it is looked for what nobody tells: a process that has died, a change by another program. */
  readonly look: number;
}

export const WAITS: Waits = { first: 10_000, later: 600_000, beat: 3_000, believed: 15_000, silent: 600_000, look: 5_000 };
