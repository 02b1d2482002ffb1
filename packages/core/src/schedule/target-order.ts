/** The order in which a schedule's targets are loaded, such as customers before orders. */

/** A target's name, and the targets that must be complete before it begins. */
export interface OrderedTarget {
  readonly name: string;
  readonly after: readonly string[];
}

/** What a schedule says about one target's place. */
export interface TargetPlace {
  /** Default: the object's name in lower case, other characters than a-z and 0-9 as "-". */
  readonly name?: string | undefined;
  readonly object: string;
  /** Default: every target listed before it. */
  readonly after?: readonly string[] | undefined;
}

/** Something wrong with the target at `index`. */
export interface OrderFault {
  readonly index: number;
  readonly field: "name" | "after";
  readonly message: string;
}

/** Names and predecessors of all targets, in the order listed. */
export function orderTargets(targets: readonly TargetPlace[]): readonly OrderedTarget[] {
  const names = targets.map(({ name, object }) => name ?? nameOf(object));
  return targets.map(({ after }, index) => ({
    name: names[index] ?? "",
    after: after ?? names.slice(0, index),
  }));
}

/** Names that come twice, predecessors that are not there, and circles. */
export function orderFaults(targets: readonly TargetPlace[]): readonly OrderFault[] {
  const ordered = orderTargets(targets);
  const names = ordered.map(({ name }) => name);
  const faults: OrderFault[] = [];
  for (const [index, { name, after }] of ordered.entries()) {
    if (names.indexOf(name) < index)
      faults.push({ index, field: "name", message: `two targets are called "${name}"` });
    for (const other of after)
      if (!names.includes(other))
        faults.push({
          index,
          field: "after",
          message: `there is no target "${other}"; targets: ${names.join(", ")}`,
        });
  }
  if (faults.length > 0) return faults;
  const stuck = ordered.findIndex(({ name }) => stuckNames(ordered).includes(name));
  if (stuck === -1) return [];
  const message = `targets wait for each other in a circle: ${stuckNames(ordered).join(", ")}`;
  return [{ index: stuck, field: "after", message }];
}

/** Targets that could never begin, because they wait for each other. */
function stuckNames(targets: readonly OrderedTarget[]): readonly string[] {
  let left = targets;
  for (;;) {
    const waiting = new Set(left.map(({ name }) => name));
    const stuck = left.filter(({ after }) => after.some((other) => waiting.has(other)));
    if (stuck.length === left.length) return [...waiting];
    left = stuck;
  }
}

function nameOf(object: string): string {
  const name = object.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
  return name.replace(/^-+/, "").slice(0, 48) || "target";
}
