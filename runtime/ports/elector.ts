/** At most one leader of a name at a time, so that work is not done twice; safety never rests on it. */
export interface Elector {
  /**
   * Waits until we lead, then runs `lead` with a signal that fires when leadership is lost or `signal` fires.
   * Returns when `lead` has returned; leadership is given up. What `lead` throws is thrown. Throws `PortError`
   * `cancelled` when `signal` fires before we lead.
   */
  lead(name: string, lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}
