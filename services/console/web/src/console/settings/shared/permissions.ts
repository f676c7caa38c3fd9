// The permissions by module and level, as the API's vocabulary has them. What they mean is in the
// texts.

/** A word of the vocabulary, such as `staff:view`. */
export type Permission = string;

/** Levels of a module, each with the permissions it adds to the one before. */
export const MODULES = {
  staff: { view: ['staff:view'], edit: ['staff:edit'], manage: ['staff:manage', 'staff.pii:read'] },
  cases: { view: ['cases:view'], edit: ['cases:edit'], manage: ['cases:manage'] },
  clients: { view: ['clients:view'], edit: ['clients:edit'], manage: ['clients:manage'] },
  tracking: { view: ['tracking:view'], edit: ['tracking:edit', 'positions:read'], manage: ['tracking:manage'] },
  recommendations: { view: ['recommendations:view'], edit: ['recommendations:edit'], manage: ['recommendations:manage'] },
  settings: { view: ['settings:view'], edit: ['settings:edit'], manage: ['settings:manage'] },
} as const;

/** A module. */
export type Module = keyof typeof MODULES;
export const LEVELS = ['none', 'view', 'edit', 'manage'] as const;

/** How much of a module somebody has. `some`: no level in full, or more than one. */
export type Level = (typeof LEVELS)[number] | 'some';

/** Permissions outside the modules. */
export const OTHERS: Permission[] = ['audit:read'];

/** Every permission of a module, the least first. */
export function ofModule(module: Module): Permission[] {
  const { view, edit, manage } = MODULES[module];
  return [...view, ...edit, ...manage];
}

/** What a level of a module allows. */
export function ofLevel(module: Module, level: Exclude<Level, 'some'>): Permission[] {
  const steps = MODULES[module];
  const within = (['view', 'edit', 'manage'] as const).slice(0, LEVELS.indexOf(level));
  return within.flatMap((step) => [...steps[step]]);
}

/** The level that these permissions are exactly. */
export function levelOf(module: Module, held: Permission[]): Level {
  const mine = ofModule(module).filter((one) => held.includes(one));
  return LEVELS.find((level) => {
    const wanted = ofLevel(module, level);
    return wanted.length === mine.length && wanted.every((one) => mine.includes(one));
  }) ?? 'some';
}

/** Permissions in the order of the vocabulary; words that it lacks come last. */
export function sorted(held: Permission[]): Permission[] {
  const order = [...(Object.keys(MODULES) as Module[]).flatMap(ofModule), ...OTHERS];
  return [...order.filter((one) => held.includes(one)), ...held.filter((one) => !order.includes(one))];
}
