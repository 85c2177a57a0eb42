import { readFileSync } from 'node:fs';

/** An `applications.yaml` in the original format. */
export const original = {
  name: 'applications.yaml',
  text: readFileSync(new URL('../../../fixtures/delivery/applications.yaml', import.meta.url), 'utf8'),
};

/** The original with some of its text replaced; each must be there. */
export function changed(...replacements: readonly (readonly [string, string])[]): typeof original {
  const text = replacements.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the fixture does not hold ${from}`);
    return before.replace(from, to);
  }, original.text);
  return { ...original, text };
}

/** A file of kind Delivery. */
export function delivery(rest: string): typeof original {
  return { name: 'delivery.yaml', text: `apiVersion: slipway.dev/v1alpha1\nkind: Delivery\n${rest}` };
}
