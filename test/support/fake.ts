/** A port of which a test needs these methods alone; any other call is a mistake. */
export function fake<T extends object>(methods: Partial<T>): T {
  return new Proxy(methods, {
    get(target, method, receiver): unknown {
      if (method in target) return Reflect.get(target, method, receiver);
      throw new Error(`no ${String(method)} here`);
    },
  }) as T;
}
