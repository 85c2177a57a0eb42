import type { Address, YamlText } from './yaml-text.ts';

/** Which of the objects in a file is meant. @default any */
export interface ResourceSelector {
  /** `Deployment` */
  readonly kind?: string;
  /** `metadata.name` */
  readonly name?: string;
}

export interface Resource {
  /** Of the object: the root of a document, or an item of a `List`. */
  readonly at: Address;
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

/** The objects in a file, items of lists one by one. */
export function resourcesOf(yaml: YamlText): Resource[] {
  return yaml.documents.flatMap((_, document) => {
    const root = describe(yaml, { document, steps: [] });
    const items = { document, steps: ['items'] };
    const count = root.kind?.endsWith('List') === true ? yaml.length(items) : undefined;
    if (count === undefined) return [root];
    return Array.from({ length: count }, (__, index) =>
      describe(yaml, { document, steps: ['items', index] }),
    );
  });
}

export function isSelected(resource: Resource, { kind, name }: ResourceSelector): boolean {
  return (kind === undefined || resource.kind === kind) && (name === undefined || resource.name === name);
}

/** Indexes of the documents whose root is selected. Empty documents never are. */
export function documentsOf(yaml: YamlText, selector: ResourceSelector): number[] {
  return yaml.documents.flatMap((document, index) => {
    if (document.contents === null) return [];
    const own = describe(yaml, { document: index, steps: [] });
    return isSelected(own, selector) ? [index] : [];
  });
}

function describe(yaml: YamlText, at: Address): Resource {
  const text = (...steps: string[]) =>
    yaml.scalarText({ document: at.document, steps: [...at.steps, ...steps] });
  return { at, kind: text('kind'), name: text('metadata', 'name') };
}
