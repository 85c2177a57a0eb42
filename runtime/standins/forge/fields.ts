/** As GitHub writes times: whole seconds. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** GitHub's other name of a thing. */
export const nodeId = (kind: string, id: number) => Buffer.from(`${kind}${id}`).toString('base64');
