/** The real world's times, scaled down to a minute's run, and why each is not shorter still. */
export const scaled = {
  /** Of the tenant: 20 creations in it. The real hour by 60. */
  slotWindowMs: 60_000,
  /**
   * The same as the fleet counts it. Longer by the 20 s that a create call may take and a second; for
   * clocks that differ there is no need on one machine.
   */
  fleetWindowMs: 81_000,
  maxPartBytes: 1_500_000,
  /** UploadComplete to JobComplete. Long enough for kills to meet bulk jobs in it. */
  processingMs: 2500,
  /** Lock of a task. Pauses of a worker are longer, see schedule.ts. */
  lockMs: 3000,
  sweepEveryMs: 2000,
  observeEveryMs: 1000,
  pollMinMs: 300,
  pollMaxMs: 1000,
  /**
   * After this a create call that nobody saw was never made: longer than the longest pause of a worker
   * and the longest black hole together, in which one can be under way.
   */
  createGraceMs: 15_000,
  /** After this a bulk job that the ledger has lost is aborted. */
  reapGraceMs: 20_000,
  /** The same where a loss has left nothing that tells whose it is: surely later than that. */
  reapUnclaimedMs: 30_000,
} as const;
