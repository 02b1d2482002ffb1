/**
 * Quarantine: work that kills the workers that take it must not take them all. A start is counted
 * before the work and taken back at any end that the worker lives to see, be it success, an error or a
 * stop; what is left are deaths, in a row. A worker that loses its lease counts as dead, for nobody can
 * tell the two apart.
 */

/** Workers that one load, or errand, may kill in a row before it fails by name. */
export const deathsToQuarantine = 3;
